"""The meta API: the router's own procedures and events."""
