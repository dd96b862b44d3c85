"""Proxies whose word about the client is believed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

from wsocket.core.wsgi import Environ, header
from wsocket.log import logger

UNIX: Final = "unix"
"""Stands for every client of a Unix socket, which has no address."""

UNNAMED_CLIENT: Final = "wsocket.unnamed_client"
"""The key of environ under which is where a client is, as a proxy of this machine says
that nobody has named."""

# Nobody has so many proxies in a row; somebody may send a long header.
_MOST_HOPS: Final = 32

# RFC 7239 section 4: pairs, with or without quotes, between ";".
_FOR: Final = re.compile(r'(?:^|;)\s*for="?([^";]*)"?\s*(?=;|$)', re.IGNORECASE)
_PROTO: Final = re.compile(r'(?:^|;)\s*proto="?([^";]*)"?\s*(?=;|$)', re.IGNORECASE)

# An address with a port, as some proxies write it: "192.0.2.1:80", "[2001:db8::1]:80".
_WITH_PORT: Final = re.compile(r"\[(.*)\](?::\d+)?|([^:]*):\d+")


class TrustedProxies:
    """Takes the client's address and scheme from a proxy's headers.

    Each proxy adds the address of its own client at the end of ``X-Forwarded-For``, so
    what stands there is believed from the end, as long as proxies are named that wrote
    it. Clients write these headers, too: what comes before is theirs. If there is no
    such header, ``Forwarded`` (RFC 7239) counts.

    A proxy on this machine that is not named is warned of, once.

    Args:
        names: Addresses, networks such as ``"10.0.0.0/8"``, and ``"unix"`` for whoever
            connects to a Unix socket.

    Raises:
        TypeError, ValueError: One of them is something else.
    """

    def __init__(self, names: Sequence[str]) -> None:
        if isinstance(names, (str, bytes)) or not isinstance(names, Sequence):
            raise TypeError(
                "trusted_proxies: expected a list of addresses, such as "
                f"['127.0.0.1'], got {names!r:.100}"
            )
        self._unix = UNIX in names
        self._networks = [_network(each) for each in names if each != UNIX]
        self._unnamed_are_warned_of = False

    def look_behind(self, environ: Environ) -> None:
        """Replace the proxy's address and scheme in *environ* with the client's."""
        if "HTTP_X_FORWARDED_FOR" not in environ and "HTTP_FORWARDED" not in environ:
            return  # mostly
        address = environ.get("REMOTE_ADDR", "")
        if not self._trusts(address):
            if _is_local(address):
                self._look_at_unnamed(address, environ)
            return
        for hop, scheme in _believed(environ, self._trusts):
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
            if _parsed(hop) is not None:  # else nobody knows who is behind this proxy
                environ["REMOTE_ADDR"] = hop
                environ.pop("REMOTE_PORT", None)

    def _look_at_unnamed(self, address: str, environ: Environ) -> None:
        """Warn if the client of a proxy on this machine is on another one."""
        hops = [hop for hop, _ in _believed(environ, _is_local)]
        client = hops[-1] if hops else ""
        if _parsed(client) is None or _is_local(client):
            return
        environ[UNNAMED_CLIENT] = client
        if self._unnamed_are_warned_of:
            return
        self._unnamed_are_warned_of = True
        logger.warning(
            "a proxy %s says that its client is %s, and is not believed: every client "
            "seems to be the proxy, in the limits of logins, in REMOTE_ADDR and in the "
            "log. If the proxy writes X-Forwarded-For or Forwarded itself, name it: "
            "WSocketApp(trusted_proxies=[%r])",
            f"at {address}" if address else "on a Unix socket",
            client,
            address or UNIX,
        )

    def _trusts(self, address: str) -> bool:
        if not address:
            return self._unix
        parsed = _parsed(address)
        return parsed is not None and any(parsed in each for each in self._networks)


def _network(name: object) -> IPv4Network | IPv6Network:
    """The network of one name.

    Raises:
        TypeError, ValueError: It is none.
    """
    expected = "expected an address, a network such as '10.0.0.0/8', or 'unix'"
    if not isinstance(name, str):
        raise TypeError(f"trusted_proxies: {expected}, got {name!r:.100}")
    try:
        return ip_network(name)
    except ValueError as error:
        raise ValueError(f"trusted_proxies: {expected}; {error}") from None


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """An address; an IPv4 one that a socket for both gives as IPv6 is itself."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped: IPv4Address | None = getattr(parsed, "ipv4_mapped", None)
    return mapped or parsed


def _is_local(address: str) -> bool:
    """Whether it is this machine's; a client of a Unix socket has none."""
    parsed = _parsed(address)
    return parsed.is_loopback if parsed is not None else not address


def _believed(
    environ: Environ, trusts: Callable[[str], bool]
) -> Iterator[tuple[str, str]]:
    """The hops up to the first one that is no proxy of those that are trusted."""
    for hop, scheme in _hops(environ):
        yield hop, scheme
        if _parsed(hop) is None or not trusts(hop):
            return


def _hops(environ: Environ) -> Iterator[tuple[str, str]]:
    """What each proxy says of its client, the last one first: address and scheme."""
    listed = header(environ, "HTTP_X_FORWARDED_FOR")
    if listed:
        # The proxy before us may have replaced this list, and added to the other one.
        schemes = _items(header(environ, "HTTP_X_FORWARDED_PROTO")) or [""]
        for number, address in enumerate(_items(listed)):
            yield _address(address), schemes[min(number, len(schemes) - 1)]
        return
    for item in _items(header(environ, "HTTP_FORWARDED")):
        client, scheme = _FOR.search(item), _PROTO.search(item)
        yield _address(client[1] if client else ""), scheme[1] if scheme else ""


def _items(text: str) -> list[str]:
    """The items of a list, the last one first."""
    items = [each.strip() for each in text.split(",")[-_MOST_HOPS:]]
    return items[::-1] if text else []


def _address(text: str) -> str:
    """An address without its port."""
    with_port = _WITH_PORT.fullmatch(text)
    return text if with_port is None else with_port[1] or with_port[2] or ""
