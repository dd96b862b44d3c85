"""How bytes reach a WAMP session."""
