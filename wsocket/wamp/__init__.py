"""The WAMP v2 router."""
