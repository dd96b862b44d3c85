"""Which pages may open a websocket here (RFC 6455 section 10.2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from wsocket.core.checks import refuse_type
from wsocket.core.http.grammar import HOST_AND_PORT
from wsocket.core.wsgi import header, quoted
from wsocket.errors import OriginRefused

_HOST = re.compile(HOST_AND_PORT)
_ORIGIN = re.compile(rf"([A-Za-z][A-Za-z0-9+.\-]*)://{HOST_AND_PORT}")

# What browsers send for a page that has no origin (RFC 6454 section 6.1).
_NONE = "null"
_WITHOUT_ORIGIN = "a page that was opened as a file, or is in a sandboxed frame"

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_SECURE = frozenset({"https", "wss"})


def check_allowed_origins(allowed_origins: object) -> None:
    """Check a setting: origins, patterns (``"https://*.example.com"``), or ``"*"``.

    Raises:
        TypeError: They are no collection of strings.
        ValueError: One of them is none of these, or a single string was given.
    """
    if isinstance(allowed_origins, str):
        raise ValueError(
            "allowed_origins must be a collection of strings, "
            f"got the string {allowed_origins!r}"
        )
    if isinstance(allowed_origins, bytes) or not isinstance(
        allowed_origins, Collection
    ):
        refuse_type("allowed_origins", "a list of strings", allowed_origins)
    for allowed in allowed_origins:
        if not isinstance(allowed, str):
            refuse_type("allowed_origins", "strings", allowed)
        origin = _parse_origin(allowed)
        is_valid = origin is not None and "*" not in origin.host.removeprefix("*.")
        if not is_valid and allowed not in ("*", _NONE):
            raise ValueError(
                'allowed_origins: expected "*" or an origin such as '
                f'"https://example.com" or "https://*.example.com", without a path, '
                f"got {allowed!r:.100}"
            )


def check_origin(
    environ: Mapping[str, Any], allowed_origins: Collection[str] | None
) -> None:
    """Refuse pages of other hosts (RFC 6455 section 10.2).

    If a request came over TLS, so did the page that sent it. The reverse is not true:
    behind a proxy that ends TLS the server sees "http" and the browser "https". A
    client without an origin is no page in a browser.

    Args:
        allowed_origins: See `check_allowed_origins`.

    Raises:
        OriginRefused: 403 Forbidden.
    """
    secure = environ.get("wsgi.url_scheme") == "https"
    for name in ("HTTP_ORIGIN", "HTTP_SEC_WEBSOCKET_ORIGIN"):
        text = header(environ, name)
        if (
            name in environ
            and not _is_same_host(text, header(environ, "HTTP_HOST"), secure=secure)
            and not _is_allowed(text, allowed_origins or ())
        ):
            without = "" if text != _NONE else f" It is that of {_WITHOUT_ORIGIN}."
            raise OriginRefused(
                f"Origin {quoted(text)} is not allowed here.{without} The application "
                "accepts it once it is listed in the setting allowed_origins=.",
                origin=text,
                host=header(environ, "HTTP_HOST"),
            )


def cause_of_refusal(origin: str, host: str) -> str:
    """Why the page's own origin may seem to be another one, for the log.

    A proxy that replaces the Host header makes every origin a foreign one.
    """
    if origin == _NONE:
        return (
            f"that is the origin of {_WITHOUT_ORIGIN}: open the page over HTTP; or, "
            "for trials alone, because every site can make such a frame, write "
            f"allowed_origins=['{_NONE}']"
        )
    page, here = _parse_origin(origin), _HOST.fullmatch(host)
    if page is not None and here is not None and page.host == here[1].lower():
        return (
            "the hosts are the same, but not the ports or the use of TLS: if there is "
            "a proxy in front, it must pass on the whole Host header, with the port "
            "(nginx: 'proxy_set_header Host $http_host;')"
        )
    return (
        "if there is a proxy in front of this server, it must pass the Host header on "
        "(nginx: 'proxy_set_header Host $http_host;'); if the page is one of yours on "
        f"another host, write allowed_origins=[{quoted(origin)}]"
    )


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int | None


def _parse_origin(text: str) -> _Origin | None:
    """Scheme, host and port in their normal form; None if *text* is no origin."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme = match[1].lower()
    port = int(match[3]) if match[3] else _DEFAULT_PORTS.get(scheme)
    return _Origin(scheme, match[2].lower(), port)


def _is_same_host(text: str, host: str, *, secure: bool) -> bool:
    """Whether the origin *text* has the host and port of a Host header.

    Args:
        secure: Whether its scheme must be one with TLS.
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
