"""Why there is no answer to an HTTP request, in words: what failed, and what to do."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPException
from typing import Final

from wsocket.errors import ConnectFailed, ConnectionLost

# OpenSSL's X509_V_ERR_...: nobody whom this side trusts has signed the certificate.
_UNKNOWN_AUTHORITY: Final = frozenset((18, 19, 20, 21))


@contextlib.contextmanager
def connecting(url: str, timeout: float) -> Iterator[None]:
    """What goes wrong in this block is raised as `ConnectFailed`: nothing was sent."""
    try:
        yield
    except OSError as error:
        problem = f"{url}: {_why_not_connected(error, timeout)}"
        raise ConnectFailed(problem) from error


def _why_not_connected(error: OSError, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"nobody answered within {timeout:g} seconds"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there; is the server running?"
    if isinstance(error, socket.gaierror):
        return f"the host name is unknown ({error.strerror})"
    if isinstance(error, ssl.SSLCertVerificationError):
        problem = f"the server's certificate is not accepted: {error.verify_message}"
        if error.verify_code not in _UNKNOWN_AUTHORITY:
            return problem
        return (
            f"{problem}; for an authority of your own use "
            "ssl_context=ssl.create_default_context(cafile=...)"
        )
    if isinstance(error, ssl.SSLError):
        return f"no TLS there ({error.reason}); does the server speak plain http?"
    return error.strerror or str(error)


@contextlib.contextmanager
def awaiting(url: str, timeout: float) -> Iterator[None]:
    """What goes wrong in this block is raised as `ConnectionLost` or `TimeoutError`.

    The request may have been served.
    """
    try:
        yield
    except TimeoutError as error:
        problem = f"no answer came within {timeout:g} seconds"
        raise TimeoutError(f"{url}: {problem}; {_PERHAPS}") from error
    except OSError as error:
        problem = f"the connection ended before the answer came ({error})"
        raise ConnectionLost(f"{url}: {problem}; {_PERHAPS}") from error
    except HTTPException as error:
        problem = f"what came is no HTTP answer ({error!r:.200})"
        raise ConnectionLost(f"{url}: {problem}; {_PERHAPS}") from error


_PERHAPS: Final = "nobody knows whether the request was served"
