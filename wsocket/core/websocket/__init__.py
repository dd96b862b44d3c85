"""Websockets (RFC 6455), from the handshake to blocking and callback drivers."""
