"""The router's side of a WAMP session, and what it needs from outside."""
