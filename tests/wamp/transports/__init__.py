"""WAMP over transports other than websockets."""
