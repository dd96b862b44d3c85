"""The upgrade request of a client: accepted or refused (RFC 6455 section 4.2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wsocket.core.http.grammar import TOKEN
from wsocket.core.websocket import deflate as permessage_deflate
from wsocket.core.websocket.accept_key import accept_key
from wsocket.core.websocket.deflate import DeflateParameters
from wsocket.core.websocket.origins import check_origin
from wsocket.core.wsgi import header, quoted
from wsocket.errors import HandshakeError

# 8 and 7 are drafts: their handshake differs from that of 13 in the name of a header.
SUPPORTED_VERSIONS = ("13", "8", "7")

_BAD_REQUEST = "400 Bad Request"

_TOKEN = re.compile(TOKEN)
_HTTP_VERSION = re.compile(r"HTTP/(\d)\.(\d)")
# 16 bytes in base64: only the two upper bits of the 22nd character are used.
_KEY = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")


@dataclass(frozen=True)
class Handshake:
    """An upgrade request that is accepted.

    Attributes:
        version: 13, 8 or 7.
        accept: The value of Sec-WebSocket-Accept.
        subprotocol: The chosen one, if any.
        deflate: The parameters of permessage-deflate; None for no compression.
        extensions: The value of Sec-WebSocket-Extensions; "" for no such header.
    """

    version: int
    accept: str
    subprotocol: str | None = None
    deflate: DeflateParameters | None = None
    extensions: str = ""

    def without_compression(self) -> Handshake:
        """The same, but the offers of compression are declined (RFC 7692 section 5)."""
        return replace(self, deflate=None, extensions="")

    def response_bytes(self) -> bytes:
        """The whole head of the 101 response."""
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {self.accept}",
        ]
        if self.subprotocol is not None:
            lines.append(f"Sec-WebSocket-Protocol: {self.subprotocol}")
        if self.extensions:
            lines.append(f"Sec-WebSocket-Extensions: {self.extensions}")
        return "\r\n".join([*lines, "", ""]).encode("ascii")


def is_upgrade(environ: Mapping[str, Any]) -> bool:
    """Whether the request asks for a websocket, even with errors."""
    return "websocket" in _tokens(environ, "HTTP_UPGRADE")


def speaks_http_1_0(environ: Mapping[str, Any]) -> bool:
    """Whether the request's version of HTTP is older than 1.1: it has no Upgrade."""
    return environ.get("SERVER_PROTOCOL") in ("HTTP/1.0", "HTTP/0.9")


def negotiate(
    environ: Mapping[str, Any],
    *,
    offered: Sequence[str] = (),
    subprotocols: Sequence[str] | None = (),
    allowed_origins: Collection[str] | None = None,
    deflate: bool = False,
) -> Handshake:
    """Check an upgrade request and choose what the connection uses.

    Args:
        offered: What `offered_subprotocols` says of the request.
        subprotocols: Those that can be served. The client's order decides. If it offers
            none of them, the connection has no subprotocol.
        allowed_origins: Origins that are accepted besides this host; see
            `check_allowed_origins`.
        deflate: Whether permessage-deflate may be used.

    Raises:
        HandshakeError: The request cannot be accepted.
    """
    _check_request(environ)
    version = _version(environ)
    accept = _accept_key(environ)
    agreed = _compression(environ)
    check_origin(environ, allowed_origins)
    servable = frozenset(subprotocols or ())
    parameters, extension = agreed if agreed and deflate else (None, "")
    return Handshake(
        version=version,
        accept=accept,
        subprotocol=next((name for name in offered if name in servable), None),
        deflate=parameters,
        extensions=extension,
    )


def offered_subprotocols(environ: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in Sec-WebSocket-Protocol, the client's favourite first.

    Raises:
        HandshakeError: The header is malformed (RFC 6455 section 4.1, item 10).
    """
    if "HTTP_SEC_WEBSOCKET_PROTOCOL" not in environ:
        return ()
    offer = header(environ, "HTTP_SEC_WEBSOCKET_PROTOCOL")
    names = tuple(name.strip(" \t") for name in offer.split(","))
    for name in names:
        if not _TOKEN.fullmatch(name):
            problem = f"{quoted(name)} is not a token"
            raise HandshakeError(
                _BAD_REQUEST, f"Sec-WebSocket-Protocol is malformed: {problem}."
            )
    if len(set(names)) < len(names):
        problem = f"a name is repeated in {quoted(offer)}"
        raise HandshakeError(
            _BAD_REQUEST, f"Sec-WebSocket-Protocol is malformed: {problem}."
        )
    return names


def _check_request(environ: Mapping[str, Any]) -> None:
    """Check method, version and HTTP's headers (section 4.2.1, items 1 to 4)."""
    method = environ.get("REQUEST_METHOD", "")
    if method != "GET":
        raise HandshakeError(
            "405 Method Not Allowed",
            f"A websocket is opened with GET, got {quoted(method)}.",
            [("Allow", "GET")],
        )
    protocol = environ.get("SERVER_PROTOCOL", "")
    match = _HTTP_VERSION.fullmatch(protocol)
    if match is None or match.groups() < ("1", "1"):
        raise HandshakeError(
            _BAD_REQUEST, f"A websocket needs HTTP/1.1, got {quoted(protocol)}."
        )
    if not header(environ, "HTTP_HOST"):
        raise HandshakeError(_BAD_REQUEST, "The Host header is missing.")
    for name, token in (("Upgrade", "websocket"), ("Connection", "Upgrade")):
        key = f"HTTP_{name.upper()}"
        if token.lower() not in _tokens(environ, key):
            raise HandshakeError(
                _BAD_REQUEST,
                f"A websocket needs the header '{name}: {token}', "
                f"got {quoted(header(environ, key))}.",
            )


def _version(environ: Mapping[str, Any]) -> int:
    version = header(environ, "HTTP_SEC_WEBSOCKET_VERSION")
    if version not in SUPPORTED_VERSIONS:
        supported = ", ".join(SUPPORTED_VERSIONS)
        raise HandshakeError(
            "426 Upgrade Required",
            f"Sec-WebSocket-Version must be one of {supported}, got {quoted(version)}.",
            [("Upgrade", "websocket"), ("Sec-WebSocket-Version", supported)],
        )
    return int(version)


def _accept_key(environ: Mapping[str, Any]) -> str:
    key = header(environ, "HTTP_SEC_WEBSOCKET_KEY")
    if not _KEY.fullmatch(key):
        raise HandshakeError(
            _BAD_REQUEST,
            f"Sec-WebSocket-Key must be 16 bytes in base64, got {quoted(key)}.",
        )
    return accept_key(key)


def _compression(environ: Mapping[str, Any]) -> tuple[DeflateParameters, str] | None:
    """What can be agreed on. The header is checked even if compression is off."""
    try:
        return permessage_deflate.negotiate(
            header(environ, "HTTP_SEC_WEBSOCKET_EXTENSIONS")
        )
    except ValueError as error:
        problem = f"Sec-WebSocket-Extensions is malformed: {error}."
        raise HandshakeError(_BAD_REQUEST, problem) from None


def _tokens(environ: Mapping[str, Any], name: str) -> list[str]:
    """The elements of a comma-separated header, in lower case."""
    return [token.strip(" \t") for token in header(environ, name).lower().split(",")]
