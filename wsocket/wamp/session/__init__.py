"""The router's side of one WAMP session, and what it needs of the world."""
