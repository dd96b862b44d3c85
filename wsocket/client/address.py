"""Where a router is, as a URL: ``ws``, ``wss``, ``tcp``, ``tcps`` or ``unix``."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

_EXPECTED = (
    "expected ws://HOST:PORT/PATH or wss://..., or for RawSocket tcp://HOST:PORT, "
    "tcps://HOST:PORT (with TLS) or unix:///PATH"
)
_PORTS = {"ws": 80, "wss": 443}
_SCHEMES = ("ws", "wss", "tcp", "tcps", "unix")


class Address(Struct, frozen=True):
    """Where a router is.

    Attributes:
        url: As the user gave it.
        host: A name or an address, an IPv6 one without brackets; "" for ``unix``.
        path: Of the socket file; "" if it is none.
    """

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_websocket(self) -> bool:
        """Whether WAMP goes over a websocket there; else it is RawSocket."""
        return self.scheme in _PORTS

    @property
    def is_encrypted(self) -> bool:
        """Whether the URL demands TLS."""
        return self.scheme in ("wss", "tcps")


def parse_address(url: str) -> Address:
    """Read the URL of a router.

    Raises:
        TypeError: *url* is not a str.
        ValueError: *url* is not such a URL; the message says what one looks like.
    """
    if not isinstance(url, str):
        raise TypeError(f"expected the URL of a router (a str), got {url!r}")
    if url.startswith("unix://"):
        path = url.removeprefix("unix://")
        if not path.startswith("/") or "\0" in path:
            raise ValueError(f"cannot connect to {url!r}: {_EXPECTED}")
        return Address(url, "unix", "", 0, path)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"cannot connect to {url!r}: {error}; {_EXPECTED}") from None
    if port is None:
        port = _PORTS.get(parts.scheme, 0)
    bare = parts.scheme in _PORTS or (parts.path in ("", "/") and not parts.query)
    if parts.scheme not in _SCHEMES or not host or not port or not bare:
        raise ValueError(f"cannot connect to {url!r}: {_EXPECTED}")
    if parts.username is not None:
        raise ValueError(
            "a URL with a user and a password: use auth= or headers= in place of them"
        )
    return Address(url, parts.scheme, host, port, "")
