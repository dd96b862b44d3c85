"""Where a router is, as a URL: ``ws``, ``wss``, ``tcp``, ``tcps`` or ``unix``."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from msgspec import Struct

from wsocket.core.checks import host_name_problem

_EXPECTED = (
    "expected ws://HOST:PORT/PATH or wss://..., or for RawSocket tcp://HOST:PORT, "
    "tcps://HOST:PORT (with TLS) or unix:///PATH"
)
_PORTS = {"ws": 80, "wss": 443}
_MEANT = {"http": "ws", "https": "wss"}
_SCHEMES = ("ws", "wss", "tcp", "tcps", "unix")

# What would end a host, or is nowhere in one (RFC 3986 section 3.2.2).
_NOT_IN_HOSTS = frozenset(' "%<>\\^`{|}')

_LONGEST_PATH = 107  # bytes of a socket file's path, on Linux


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
        raise TypeError(f"url: expected the URL of a router (a str), got {url!r:.100}")
    if url.startswith("unix://"):
        return _unix(url)
    _check_characters(url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:  # an IPv6 address or a port that is none
        raise _refused(url, f"{_EXPECTED} ({error})") from None
    if parts.username is not None:
        raise ValueError(
            "url: it has a user and a password: use auth= or headers= in place of them "
            "(on the command line --ticket-file and the like)"
        )
    if port is None:
        port = _PORTS.get(parts.scheme, 0)
    bare = parts.scheme in _PORTS or (parts.path in ("", "/") and not parts.query)
    if parts.scheme not in _SCHEMES or not host or not port or not bare:
        raise _refused(url, _EXPECTED + _meant(url))
    _check_host(url, host)
    return Address(url, parts.scheme, host, port, "")


def _unix(url: str) -> Address:
    path = url.removeprefix("unix://")
    if not path.startswith("/") or "\0" in path:
        raise _refused(url, _EXPECTED + _meant(url))
    try:
        size = len(os.fsencode(path))
    except UnicodeEncodeError:
        raise _refused(url, "no file can have such a name") from None
    if size > _LONGEST_PATH:
        problem = f"expected a path of at most {_LONGEST_PATH} bytes, got {size}"
        raise _refused(url, problem)
    return Address(url, "unix", "", 0, path)


def _check_characters(url: str) -> None:
    """Refuse what `urlsplit` would drop without a word, and what cannot be sent."""
    if any(char < " " or char == "\x7f" for char in url) or url != url.strip():
        raise _refused(url, "expected no control characters, and no spaces around it")
    if "#" in url:
        raise _refused(url, "expected no '#' (RFC 6455 section 3); in a path write %23")
    try:
        url.encode()
    except UnicodeEncodeError:
        problem = "expected valid Unicode; write other bytes as %FF"
        raise _refused(url, problem) from None


def _check_host(url: str, host: str) -> None:
    if ":" in host:  # an IPv6 address, which may have a zone: %eth0
        return
    if not _NOT_IN_HOSTS.isdisjoint(host):
        raise _refused(url, f"expected the name of a host, got {host!r}")
    if host.isascii():  # nobody waits for the module of IDNA but who needs it
        labels = host.removesuffix(".").split(".")
        fits = all(0 < len(label) < 64 for label in labels)
    else:
        fits = not host_name_problem(host)
    if not fits:
        raise _refused(
            url, "expected a host whose name has parts of 1 to 63 characters (IDNA)"
        )


def _meant(url: str) -> str:
    """What *url* stands for, perhaps: the end of a message, which may be empty."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        meant = f"ws://{url}" if url[:1].isalnum() and ":/" not in url else ""
    elif scheme == "unix":
        meant = f"unix:///{rest}" if rest else ""
    else:
        meant = f"{_MEANT[scheme]}://{rest}" if rest and scheme in _MEANT else ""
    return f"; did you mean {meant!r}?" if meant and "@" not in meant else ""


def _refused(url: str, problem: str) -> ValueError:
    """The error, in which no password is shown."""
    scheme, mark, rest = url.partition("://")
    shown = f"{scheme}{mark}...{rest[rest.rindex('@') :]}" if "@" in rest else url
    return ValueError(f"url: cannot connect to {shown!r}: {problem}")
