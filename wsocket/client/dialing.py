"""Opening a connection to a router, and saying clearly why that fails."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator

from wsocket.client.address import Address
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


def dial(settings: ClientSettings, deadline: float) -> socket.socket:
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
            context = tls_context(settings)
            if context is None:
                return connected
            connected.settimeout(seconds_until(deadline))
            return context.wrap_socket(connected, server_hostname=address.host or None)
        except BaseException:
            connected.close()
            raise


def tls_context(settings: ClientSettings) -> ssl.SSLContext | None:
    """For the client's side; None without TLS."""
    if settings.tls is not None:
        return settings.tls
    return ssl.create_default_context() if settings.address.is_encrypted else None


def _connected(address: Address, deadline: float) -> socket.socket:
    timeout = seconds_until(deadline)
    if address.scheme != "unix":
        return socket.create_connection((address.host, address.port), timeout)
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
    url = settings.address.url
    try:
        yield
    except ConnectFailed:
        raise
    except TimeoutError:
        problem = f"{url} did not answer within {settings.timeout} seconds"
        raise ConnectFailed(problem) from None
    except ConnectionRefusedError:
        problem = f"{url}: nobody listens there; is the router running?"
        raise ConnectFailed(problem) from None
    except socket.gaierror as error:
        problem = f"{url}: the host name is unknown ({error.strerror})"
        raise ConnectFailed(problem) from error
    except ssl.SSLCertVerificationError as error:
        raise ConnectFailed(
            f"{url}: the router's certificate is not accepted: "
            f"{error.verify_message}; for an authority of your own use "
            "tls=ssl.create_default_context(cafile=...)"
        ) from error
    except OSError as error:
        raise ConnectFailed(f"{url}: {error.strerror or error}") from error
