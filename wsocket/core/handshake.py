"""The upgrade request of a client: accepted or refused (RFC 6455 section 4.2)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any, NamedTuple

from wsocket.core import deflate as permessage_deflate
from wsocket.core.deflate import DeflateParameters
from wsocket.core.wsgi import header, quoted
from wsocket.errors import HandshakeError

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

# 8 and 7 are drafts whose handshake differs from 13 in one header's name.
SUPPORTED_VERSIONS = ("13", "8", "7")

_BAD_REQUEST = "400 Bad Request"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HTTP_VERSION = re.compile(r"HTTP/(\d)\.(\d)")
# 16 bytes in base64: of the 22nd character only the two upper bits are used.
_KEY = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]+)(?::(\d{0,5}))?")
_ORIGIN = re.compile(rf"([A-Za-z][A-Za-z0-9+.\-]*)://{_HOST.pattern}")

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_SECURE = frozenset({"https", "wss"})


@dataclass(frozen=True)
class Handshake:
    """An upgrade request that is accepted.

    Attributes:
        version: 13, 8 or 7.
        accept: The value of Sec-WebSocket-Accept.
        offered: The subprotocols that the client offers, most wanted first.
        subprotocol: The one that is chosen, if any.
        deflate: What was agreed about compression; None for no compression.
        extensions: The value of Sec-WebSocket-Extensions, "" for no such header.
    """

    version: int
    accept: str
    offered: tuple[str, ...] = ()
    subprotocol: str | None = None
    deflate: DeflateParameters | None = None
    extensions: str = ""

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
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")


def is_upgrade(environ: Mapping[str, Any]) -> bool:
    """Whether the request asks for a websocket, be it correctly or not."""
    return "websocket" in _tokens(environ, "HTTP_UPGRADE")


def negotiate(
    environ: Mapping[str, Any],
    *,
    subprotocols: Sequence[str] | None = (),
    allowed_origins: Collection[str] | None = None,
    deflate: bool = False,
) -> Handshake:
    """Check an upgrade request and choose what the connection uses.

    Args:
        subprotocols: Those that can be served; the client's order decides, and when it
            offers none of them the connection has none.
        allowed_origins: Where browsers may come from besides this very host; see
            `check_allowed_origins`.
        deflate: Whether permessage-deflate may be agreed on.

    Raises:
        HandshakeError: The request cannot be accepted.
    """
    _check_request(environ)
    version = _version(environ)
    accept = _accept_key(environ)
    offered = offered_subprotocols(environ)
    agreed = _compression(environ)
    check_origin(environ, allowed_origins)
    servable = frozenset(subprotocols or ())
    parameters, extension = agreed if agreed and deflate else (None, "")
    return Handshake(
        version=version,
        accept=accept,
        offered=offered,
        subprotocol=next((name for name in offered if name in servable), None),
        deflate=parameters,
        extensions=extension,
    )


def offered_subprotocols(environ: Mapping[str, Any]) -> tuple[str, ...]:
    """What the client offers in Sec-WebSocket-Protocol, most wanted first.

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


def check_allowed_origins(allowed_origins: Collection[str]) -> None:
    """Check a setting: origins, ``"https://*.example.com"`` patterns, or ``"*"``.

    Raises:
        ValueError: One of them is neither, or a single string was given.
    """
    if isinstance(allowed_origins, str):
        raise ValueError(
            "allowed_origins must be a collection of strings, "
            f"got the string {allowed_origins!r}"
        )
    for allowed in allowed_origins:
        origin = _parse_origin(allowed)
        is_valid = origin is not None and "*" not in origin.host.removeprefix("*.")
        if not is_valid and allowed not in ("*", "null"):
            raise ValueError(
                'allowed_origins: expected "*" or an origin such as '
                f'"https://example.com" or "https://*.example.com", got {allowed!r}'
            )


def check_origin(
    environ: Mapping[str, Any], allowed_origins: Collection[str] | None
) -> None:
    """Refuse pages of other hosts (RFC 6455 section 10.2).

    A request that came over TLS has the origin of a page that did. The reverse does not
    hold: behind a proxy that ends TLS the server sees "http" where the browser saw
    "https". A client that names no origin is not a browser's page.

    Args:
        allowed_origins: See `check_allowed_origins`.

    Raises:
        HandshakeError: 403 Forbidden.
    """
    secure = environ.get("wsgi.url_scheme") == "https"
    for name in ("HTTP_ORIGIN", "HTTP_SEC_WEBSOCKET_ORIGIN"):
        text = header(environ, name)
        if (
            name in environ
            and not _is_same_host(text, header(environ, "HTTP_HOST"), secure=secure)
            and not _is_allowed(text, allowed_origins or ())
        ):
            raise HandshakeError(
                "403 Forbidden",
                f"Origin {quoted(text)} is not allowed here. The application accepts "
                "it once it is listed in the setting allowed_origins=.",
            )


def _check_request(environ: Mapping[str, Any]) -> None:
    """Check the parts of the request that are HTTP's (section 4.2.1, items 1 to 4)."""
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
    return b64encode(sha1((key + GUID).encode()).digest()).decode()


def _compression(environ: Mapping[str, Any]) -> tuple[DeflateParameters, str] | None:
    """What can be agreed on; the header is checked even where nobody wants it."""
    try:
        return permessage_deflate.negotiate(
            header(environ, "HTTP_SEC_WEBSOCKET_EXTENSIONS")
        )
    except ValueError as error:
        problem = f"Sec-WebSocket-Extensions is malformed: {error}."
        raise HandshakeError(_BAD_REQUEST, problem) from None


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int | None


def _parse_origin(text: str) -> _Origin | None:
    """Scheme, host and port in their normal form; None for anything else."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme = match[1].lower()
    port = int(match[3]) if match[3] else _DEFAULT_PORTS.get(scheme)
    return _Origin(scheme, match[2].lower(), port)


def _is_same_host(text: str, host: str, *, secure: bool) -> bool:
    """Whether the origin `text` has the host and port of a Host header.

    Args:
        secure: Whether it must have a scheme with TLS.
    """
    origin = _parse_origin(text)
    match = _HOST.fullmatch(host)
    schemes = _SECURE if secure else _DEFAULT_PORTS.keys()
    if origin is None or match is None or origin.scheme not in schemes:
        return False
    port = int(match[2]) if match[2] else _DEFAULT_PORTS[origin.scheme]
    return origin.host == match[1].lower() and origin.port == port


def _is_allowed(text: str, allowed_origins: Collection[str]) -> bool:
    check_allowed_origins(allowed_origins)
    if "*" in allowed_origins or text in allowed_origins:
        return True
    origin = _parse_origin(text)
    return origin is not None and any(
        _covers(pattern, origin)
        for pattern in map(_parse_origin, allowed_origins)
        if pattern is not None
    )


def _covers(pattern: _Origin, origin: _Origin) -> bool:
    if pattern.host.startswith("*."):
        suffix = pattern.host[1:]
        is_subdomain = origin.host.endswith(suffix) and origin.host != suffix
        return is_subdomain and pattern._replace(host=origin.host) == origin
    return pattern == origin


def _tokens(environ: Mapping[str, Any], name: str) -> list[str]:
    """The elements of a comma-separated header, in lower case."""
    return [token.strip(" \t") for token in header(environ, name).lower().split(",")]
