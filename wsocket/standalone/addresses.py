"""Where the router listens: the tables ``[server]`` and ``[[rawsocket]]``."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsocket.app import WSocketApp
from wsocket.core.checks import host_name_problem
from wsocket.core.http.serve import make_server, run
from wsocket.core.net.endpoints import (
    Endpoint,
    TcpEndpoint,
    UnixEndpoint,
    parse_endpoint,
    server_endpoints,
)
from wsocket.standalone.nodes import Node, Read
from wsocket.standalone.options import Option, options_of
from wsocket.standalone.problems import quoted
from wsocket.standalone.tables import Given, Table, readers_of, without_name
from wsocket.standalone.values import list_of, text

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080

ADDRESS_OPTIONS = ("host", "port", "unix", "fd", "certfile", "keyfile")
SERVER_OPTIONS: dict[str, Option] = {
    **options_of(run, leave_out=("app", "host", "port")),
    **options_of(make_server, leave_out=("app", "host", "port")),
}
RAWSOCKET_OPTIONS: dict[str, Option] = options_of(
    WSocketApp.listen_rawsocket, leave_out=("self",)
)


@dataclass(frozen=True)
class ServerSettings:
    """How HTTP and websockets are served.

    Attributes:
        host: As `run` takes it; None if the file names no address.
        settings: Further arguments of `run`.
    """

    host: str | None = None
    port: int = DEFAULT_PORT
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class RawSocketSettings:
    """Where WAMP over RawSocket is accepted.

    Attributes:
        settings: Further arguments of `WSocketApp.listen_rawsocket`.
    """

    url: str
    settings: Mapping[str, Any]


def read_server(node: Node) -> ServerSettings:
    """Where and how HTTP is served."""
    given = _SERVER.given(node)
    settings = {
        name: value for name, value in given.values.items() if name in SERVER_OPTIONS
    }
    settings["ssl_context"] = _tls(node, given)
    port = given.values.get("port", DEFAULT_PORT)
    return ServerSettings(_host(node, given), port, settings)


def read_rawsocket(node: Node) -> RawSocketSettings:
    """Where WAMP over RawSocket is accepted, and how."""
    given = _RAWSOCKET.given(node)
    context = _tls(node, given)
    settings = {k: v for k, v in given.values.items() if k in RAWSOCKET_OPTIONS}
    url = settings.pop("url")
    return RawSocketSettings(url, {**settings, "ssl_context": context})


def _host(node: Node, given: Given) -> str | None:
    """The address, as `run` wants it."""
    _report_contradictions(node)
    values = given.values
    if "unix" in values:
        return _checked(node.of("unix"), UnixEndpoint(values["unix"]).url)
    if "fd" in values:
        return "fd://" + ",".join(map(str, values["fd"]))
    if "host" in values:
        return _checked(node.of("host"), values["host"])
    return DEFAULT_HOST if "port" in values else None


def _checked(node: Node, host: str) -> str:
    """An address, which is reported if it cannot be one, or is none here."""
    try:
        endpoints = server_endpoints(host, DEFAULT_PORT)
    except ValueError as error:
        node.note(without_name(str(error), "host"))
        return host
    for endpoint in endpoints:
        _look_at(node, endpoint)
    return host


def _look_at(node: Node, endpoint: Endpoint) -> None:
    """Report a host that is none, and warn if nobody can listen there.

    The latter may be otherwise where the router runs.
    """
    if isinstance(endpoint, TcpEndpoint):
        problem = host_name_problem(endpoint.host)
        if problem:
            node.note(f"{quoted(endpoint.host)} is no host name: {problem}")
            return
    if warning := node.outside.no_listener(endpoint):
        node.warn(warning)


def _report_contradictions(node: Node) -> None:
    by_port = [name for name in ("host", "port") if name in node.value]
    others = [name for name in ("unix", "fd") if name in node.value]
    first = [*by_port, *others][:1]
    for name in others:
        if name not in first:
            node.of(name).note(f"there is {first[0]} already: keep one of them")
    if node.value.get("take_over") is True and "unix" not in others:
        node.of("take_over").note("only a Unix socket can be taken over: give unix")


def _tls(node: Node, given: Given) -> ssl.SSLContext | None:
    """The context for TLS, None without it."""
    certfile, keyfile = given.values.get("certfile"), given.values.get("keyfile")
    if certfile is None:
        if "keyfile" in node.value and "certfile" not in node.value:
            node.of("keyfile").note("its certificate is missing: give certfile")
        return None
    with_key = "certfile" if keyfile is None else "keyfile"
    try:
        context: ssl.SSLContext = node.outside.tls(certfile, keyfile)
    except ValueError as error:
        blamed = "certfile" if certfile in str(error) else with_key
        node.of(blamed).note(str(error))
        return None
    if warning := node.outside.exposure(keyfile or certfile):
        node.of(with_key).warn(warning)
    return context


def _path(node: Node) -> str:
    path = text(node)
    if "\0" in path:
        node.refuse("no path has the character NUL")
    return node.outside.path(path)


def _url(node: Node) -> str:
    """The URL of a listener."""
    url = text(node)
    try:
        endpoint = parse_endpoint(url)
    except ValueError as error:
        node.refuse(without_name(str(error), "url"))
    _look_at(node, endpoint)
    return url


def _port(node: Node) -> int:
    port: int = node.expect(int, "a port, such as 8080")
    if not 0 <= port <= 65535:
        node.refuse(f"expected a port from 0 (any free one) to 65535, got {port}")
    return port


def _descriptors(node: Node) -> list[int]:
    """File descriptors of sockets that listen already."""
    if node.value == []:
        node.refuse("expected at least one file descriptor, such as [3]")
    return list_of(node, _descriptor)


def _descriptor(node: Node) -> int:
    number: int = node.expect(int, "a file descriptor, such as 3")
    if not 0 <= number < 2**31:
        node.refuse(f"expected a file descriptor, such as 3, got {number}")
    return number


def _bounded(read: Read, least: float) -> Read:
    """A reader that refuses what `run` refuses: numbers below *least*."""

    def bounded(node: Node) -> Any:
        value = read(node)
        if value < least:
            node.refuse(f"expected at least {least:g}, got {value:g}")
        return value

    return bounded


# The least values that `run` and `make_server` accept.
_LEAST = {
    "graceful_timeout": 0,
    "close_spread": 0,
    "timeout": 0.001,
    "max_connections": 1,
    "max_connections_per_address": 1,
    "max_unsent_bytes": 1,
}
_FILES: dict[str, Read] = {"certfile": _path, "keyfile": _path}
_ADDRESS: dict[str, Read] = {
    "host": text,
    "port": _port,
    "unix": _path,
    "fd": _descriptors,
}
_SERVER = Table(
    SERVER_OPTIONS,
    readers={
        **_ADDRESS,
        **_FILES,
        **{
            name: _bounded(read, _LEAST[name])
            for name, read in readers_of(SERVER_OPTIONS).items()
            if name in _LEAST
        },
    },
)
_RAWSOCKET = Table(RAWSOCKET_OPTIONS, readers={**_FILES, "url": _url})
