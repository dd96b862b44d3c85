"""Tests of the WAMP router, mostly over real websockets, with a client of our own that
shares no code with the router."""
