"""Where a listener listens, as a URL: ``tcp://HOST:PORT`` or ``unix:///PATH``."""

from __future__ import annotations

import re
from typing import NamedTuple

_TCP = re.compile(r"tcp://(?:\[([^\[\]/?#@]+)\]|([^\[\]:/?#@\s]+)):([0-9]{1,5})")
_UNIX = "unix://"
_WITH_PORT = re.compile(r"(?:\w+://)?([^/:\[\]]*|\[[^\[\]]*\]):([0-9]+)/?")
_INHERITED = re.compile(r"fd://[0-9]+(,[0-9]+)*")


class TcpEndpoint(NamedTuple):
    """A TCP port; `host` is a name or an address, an IPv6 one without brackets."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The URL from which `parse_endpoint` makes this."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


class UnixEndpoint(NamedTuple):
    """A Unix socket; `path` is absolute."""

    path: str

    @property
    def url(self) -> str:
        """The URL from which `parse_endpoint` makes this."""
        return _UNIX + self.path


class InheritedEndpoint(NamedTuple):
    """A socket that listens already, and that the process has inherited."""

    descriptor: int

    @property
    def url(self) -> str:
        """For messages; no URL is parsed to this."""
        return f"fd://{self.descriptor}"


Endpoint = TcpEndpoint | UnixEndpoint | InheritedEndpoint


def parse_endpoint(url: str) -> Endpoint:
    """Read the URL of an endpoint.

    A Unix path is used as it is, without percent-decoding.

    Raises:
        TypeError: *url* is not a str.
        ValueError: *url* is not such a URL; the message says what one looks like.
    """
    if not isinstance(url, str):
        raise TypeError(f"url: expected the URL of a listener (a str), got {url!r}")
    path = url[len(_UNIX) :]
    if url.startswith(_UNIX) and path.startswith("/") and "\0" not in path:
        return UnixEndpoint(path)
    found = _TCP.fullmatch(url)
    if found is None or int(found[3]) > 65535:
        raise ValueError(
            f"url: cannot listen on {url!r}: expected tcp://HOST:PORT, such as "
            "tcp://127.0.0.1:8081 or tcp://[::1]:8081 (port 0 picks a free one), or "
            "unix:///PATH, such as unix:///run/app/wamp.sock"
        )
    return TcpEndpoint(found[1] or found[2], int(found[3]))


def server_endpoints(host: str, port: int) -> list[Endpoint]:
    """Where an HTTP server listens.

    Args:
        host: A name or an address, for *port*; or ``unix:///PATH``, or the file
            descriptors of sockets that listen already: ``fd://3`` or ``fd://3,4``.

    Raises:
        ValueError: *host* begins with ``unix:`` or ``fd:``, but is none of these; or it
            has the port in it, or is a URL.
    """
    if not host.startswith(("unix:", "fd:")):
        _refuse_url(host)
        return [TcpEndpoint(host, port)]
    path = host[len(_UNIX) :]
    if host.startswith(_UNIX) and path.startswith("/") and "\0" not in path:
        return [UnixEndpoint(path)]
    if _INHERITED.fullmatch(host):
        numbers = host.removeprefix("fd://").split(",")
        return [InheritedEndpoint(int(number)) for number in numbers]
    raise ValueError(
        f"host: cannot listen on {host!r}: expected unix:///PATH, such as "
        "unix:///run/app/http.sock, or fd://N, such as fd://3"
    )


def _refuse_url(host: str) -> None:
    """Refuse a host that has its port in it, or the scheme of a URL before it."""
    found = _WITH_PORT.fullmatch(host)
    if found is None and "://" not in host:
        return
    advice = "leave out the scheme"
    if found is not None:
        advice = f"write host={found[1].strip('[]')!r}, port={found[2]}"
    raise ValueError(
        f"host: expected a name or an address alone, got {host!r:.100}; {advice}"
    )
