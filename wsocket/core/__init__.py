"""Sockets, frames, HTTP: everything that knows nothing of WAMP."""
