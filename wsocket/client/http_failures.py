"""Why there is no answer to an HTTP request, in words: what failed, and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from http.client import HTTPException
from importlib import import_module
from typing import Final

from wsocket.errors import ConnectFailed, ConnectionLost

# How a URL for the other kind of server on the same port is written, by scheme.
_OTHERWISE: Final = {
    "http": "with TLS it is https://HOST:PORT/PATH",
    "https": "without TLS it is http://HOST:PORT/PATH",
}


@contextlib.contextmanager
def connecting(url: str, timeout: float) -> Iterator[None]:
    """What goes wrong in this block is raised as `ConnectFailed`: nothing was sent."""
    try:
        yield
    except OSError as error:
        raise _explained_error(error, url, timeout) from error


def _explained_error(error: OSError, url: str, timeout: float) -> ConnectFailed:
    errors = import_module("wsocket.client.connect_errors")
    scheme = url.partition(":")[0].lower()
    sought = errors.Sought(
        url,
        peer="server",
        speaking="HTTP with TLS" if scheme == "https" else "HTTP",
        otherwise=_OTHERWISE[scheme],
        timeout=timeout,
        tls="ssl_context",
    )
    explained: ConnectFailed = errors.explained_error(error, sought)
    return explained


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
