"""TLS for a client: only who uses it waits for the module `ssl`."""

from __future__ import annotations

import select
import socket
import ssl

from wsocket.client.byte_stream import ByteStream
from wsocket.client.settings import ClientSettings


class TlsStream(ByteStream):
    """A `ByteStream` over TLS, after the handshake of TLS."""

    def _read(self, size: int) -> bytes:
        try:
            return super()._read(size)
        except ssl.SSLZeroReturnError:  # the TLS has ended, as it should
            return b""

    def _awaited(self, error: OSError, events: int) -> int:
        if isinstance(error, ssl.SSLWantReadError):
            return select.POLLIN
        return select.POLLOUT if isinstance(error, ssl.SSLWantWriteError) else 0


def tls_context(settings: ClientSettings) -> ssl.SSLContext | None:
    """For the client's side; None without TLS."""
    if settings.tls is not None:
        return settings.tls
    return ssl.create_default_context() if settings.uses_tls else None


def encrypted(
    connected: socket.socket, settings: ClientSettings, *, timeout: float
) -> ByteStream:
    """Begin TLS on a connected socket, within *timeout* seconds; raises OSError."""
    context = tls_context(settings)
    assert context is not None  # as the caller has asked for TLS
    connected.settimeout(timeout)
    name = settings.address.host or None
    return TlsStream(context.wrap_socket(connected, server_hostname=name))
