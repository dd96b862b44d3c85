"""The HTTP bridge: publish, call and listen with plain HTTP requests."""
