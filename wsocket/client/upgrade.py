"""The opening handshake of a websocket, from the client's side (RFC 6455, section 4).

Nothing here reads or writes.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import Struct

from wsocket.client.settings import ClientSettings
from wsocket.core.websocket.accept_key import accept_key

START = b"HTTP/1."
"""How a response begins."""

END = b"\r\n\r\n"
"""Where the head of a response ends."""

_DEFAULT_PORTS = {"ws": 80, "wss": 443}

# Characters that a path or a query may have as they are (RFC 3986); others are escaped.
_KEPT = "/?%:@!$&'()*+,;=~[]"


class UpgradeResponse(Struct, frozen=True):
    """The head of the router's response.

    Attributes:
        fields: By name, in lower case.
    """

    status: str
    fields: dict[str, str]

    @property
    def length(self) -> int:
        """How many bytes of a body the head announces."""
        length = self.fields.get("content-length", "0")
        return int(length) if length.isascii() and length.isdigit() else 0


def upgrade_request(settings: ClientSettings, key: str) -> bytes:
    """What a client sends first.

    Args:
        key: Sec-WebSocket-Key.
    """
    address, parts = settings.address, urlsplit(settings.address.url)
    target = quote(parts.path or "/", _KEPT)
    if parts.query:
        target += "?" + quote(parts.query, _KEPT)
    host = address.host
    if not host.isascii():
        host = host.encode("idna").decode()
    elif ":" in host:
        host = f"[{host}]"
    if address.port != _DEFAULT_PORTS[address.scheme]:
        host += f":{address.port}"
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: {_subprotocol(settings)}",
    ]
    if settings.origin is not None:
        lines.append(f"Origin: {settings.origin}")
    lines += [f"{name}: {value}" for name, value in settings.http_headers.items()]
    return "\r\n".join(lines).encode() + END


def read_response(head: bytes, settings: ClientSettings) -> UpgradeResponse:
    """Read the head of a response.

    Raises:
        ConnectFailed: It is none.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith(START.decode()) or not rest[:3].isdigit():
        raise _problems().another_protocol(head, settings)
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    return UpgradeResponse(rest[:3], fields)


def check_response(
    response: UpgradeResponse, body: bytes, settings: ClientSettings, *, key: str
) -> None:
    """Accept a response with which the websocket is open (section 4.1).

    Raises:
        ConnectFailed: It is another one; the message says what the server says.
    """
    if response.status != "101":
        status, location = int(response.status), response.fields.get("location")
        raise _problems().refused_upgrade(status, body, location, settings)
    fields = response.fields
    expected = {"sec-websocket-accept": accept_key(key)}
    expected["sec-websocket-protocol"] = _subprotocol(settings)
    for name, value in expected.items():
        if fields.get(name) != value:
            got = fields.get(name)
            problem = f"{name}: expected {value!r}, got {got!a:.80}"
            raise _problems().no_router(problem, settings)
    connection = fields.get("connection", "").lower()
    if fields.get("upgrade", "").lower() != "websocket" or "upgrade" not in connection:
        problem = "the response upgrades to something else"
        raise _problems().no_router(problem, settings)
    if "sec-websocket-extensions" in fields:
        problem = "it uses an extension that was not asked for"
        raise _problems().no_router(problem, settings)


def _problems() -> Any:
    return import_module("wsocket.client.connect_problems")


def _subprotocol(settings: ClientSettings) -> str:
    return f"wamp.2.{settings.serializer}"
