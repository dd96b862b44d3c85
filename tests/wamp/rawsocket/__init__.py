"""WAMP over RawSocket."""
