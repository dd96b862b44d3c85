"""WAMP over something else than one websocket message each."""
