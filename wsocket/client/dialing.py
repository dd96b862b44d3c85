"""Opening a connection to a router, and saying clearly why that fails."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from wsocket.client.address import Address
from wsocket.client.byte_stream import ByteStream
from wsocket.client.settings import ClientSettings
from wsocket.core.net.tcp_options import disable_nagle, keep_alive
from wsocket.errors import ConnectFailed


def seconds_until(deadline: float) -> float:
    """What is left until *deadline*, a time of `time.monotonic`.

    Raises:
        TimeoutError: Nothing is.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("too late")
    return left


def dial(settings: ClientSettings, deadline: float) -> ByteStream:
    """Open a connection, with TLS if the address or the settings say so.

    Raises:
        ConnectFailed: That failed; the message says what to do.
    """
    address = settings.address
    with explained(settings):
        connected = _connected(address, deadline)
        try:
            disable_nagle(connected)
            interval, timeout = settings.ping_interval, settings.ping_timeout
            keep_alive(connected, interval=interval, timeout=timeout)
            if not settings.uses_tls:
                return ByteStream(connected)
            # Only who uses TLS waits for its module.
            tls = import_module("wsocket.client.tls_stream")
            left = seconds_until(deadline)
            stream: ByteStream = tls.encrypted(connected, settings, timeout=left)
            return stream
        except BaseException:
            connected.close()
            raise


def _connected(address: Address, deadline: float) -> socket.socket:
    timeout = seconds_until(deadline)
    if address.scheme != "unix":
        # For a str Python imports the module for names with other letters (IDNA).
        host = address.host.encode() if address.host.isascii() else address.host
        place = (host, address.port)
        return socket.create_connection(place, timeout)  # type: ignore[arg-type] # bytes
    connected = socket.socket(socket.AF_UNIX)
    try:
        connected.settimeout(timeout)
        connected.connect(address.path)
    except BaseException:
        connected.close()
        raise
    return connected


@contextlib.contextmanager
def explained(settings: ClientSettings) -> Iterator[None]:
    """What goes wrong in this block is raised as `ConnectFailed`."""
    try:
        yield
    except ConnectFailed:
        raise
    except OSError as error:
        raise problems().explained_error(error, settings) from error


def problems() -> Any:
    """The module that explains failures: who connects does not wait for it."""
    return import_module("wsocket.client.connect_problems")
