"""WAMP by long polling."""
