"""Status and headers: as a handler may give them, and as WSGI wants them.

An error names the header that is wrong, and says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from wsocket.core.http.grammar import CONTROLS, STATUS_CODE, TOKEN

if TYPE_CHECKING:
    from typing import TypeAlias

    HeaderValue: TypeAlias = str | int
    HeadersLike: TypeAlias = (
        Mapping[str, HeaderValue] | Iterable[tuple[str, HeaderValue]]
    )

_STATUS = re.compile(rf"({STATUS_CODE})(?: +(.*))?", re.DOTALL)
_TOKEN = re.compile(TOKEN)
_SENDABLE = re.compile(rf"[^{CONTROLS}\u0100-\U0010ffff]*")  # latin-1, no controls

# The reasons of codes that are not registered (RFC 9110 section 15).
_CLASS_REASONS = {
    "2": "Success",
    "3": "Redirection",
    "4": "Client Error",
    "5": "Server Error",
}

# Headers about the connection, which belongs to the server (PEP 3333, "Other HTTP
# Features").
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)

_ONCE = frozenset({"content-length", "content-type"})

# Responses without a body, and without the application's own Content-Length (RFC 9110
# sections 15.3.5, 15.3.6 and 15.4.5).
BODILESS = frozenset({"204", "205", "304"})


class HopByHopHeader(ValueError):
    """A header is about the connection, which belongs to the server."""


def has_no_body(method: str, status: str) -> bool:
    """Whether the response to a request has no body (RFC 9112 section 6.3)."""
    return method == "HEAD" or status[:3] in BODILESS


def without_length(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers without Content-Length."""
    return [pair for pair in headers if pair[0].lower() != "content-length"]


@lru_cache(maxsize=256, typed=True)  # typed: True is not 1
def status_line(status: int | str) -> str:
    """Complete `status` to code and reason: 404 and "404" become "404 Not Found".

    Raises:
        TypeError: It is neither an int nor a str.
        ValueError: It is no status that a handler may answer with.
    """
    if isinstance(status, bool) or not isinstance(status, (int, str)):
        raise TypeError(
            f"status must be an int such as 200 or a str such as '200 OK', "
            f"not {status!r} ({type(status).__name__})"
        )
    text = str(int(status)) if isinstance(status, int) else status.strip()
    matched = _STATUS.fullmatch(text)
    if matched is None:
        raise ValueError(
            f"status {status!r} must be a code from 200 to 999, "
            f"alone or with a reason: 404, '404' or '404 Not Found'"
        )
    code, reason = matched[1], matched[2] or _reason(matched[1])
    if code[0] == "1":
        raise ValueError(
            f"status {status!r} is an interim response, which only the server sends; "
            f"answer with 200 or above"
        )
    if not _is_sendable(reason):
        _refuse_text(reason, f"status {status!r}")
    return f"{code} {reason}"


def _reason(code: str) -> str:
    try:
        return HTTPStatus(int(code)).phrase
    except ValueError:
        return _CLASS_REASONS.get(code[0], "Unknown")


def header_list(headers: HeadersLike) -> list[tuple[str, str]]:
    """Check `headers`, a dict or pairs, and return them as WSGI's list of tuples.

    An int value becomes its text, so that ``{"Content-Length": 5}`` works.

    Raises:
        TypeError: The headers, a name or a value have the wrong type.
        ValueError: A name or a value may not be sent.
    """
    pairs = headers if type(headers) is list else _pairs(headers)
    checked: list[tuple[str, str]] = []
    given: set[str] = set()
    for pair in pairs:
        name, value, key = _header(pair)
        if key in _ONCE and key in given:
            raise ValueError(f"header {key.title()!r} is given more than once")
        given.add(key)
        checked.append((name, value))
    return checked


def forwardable(headers: HeadersLike) -> tuple[list[tuple[str, str]], list[str]]:
    """Check headers as `header_list` does, but leave those about the connection out.

    PEP 3333 forbids them to applications. Many set them all the same, and mean no harm.

    Returns:
        The headers, and the names of those that are left out: the `HOP_BY_HOP` ones,
        and what a Connection header names (RFC 9110 section 7.6.1).

    Raises:
        TypeError, ValueError: As `header_list`.
    """
    pairs = headers if type(headers) is list else list(_pairs(headers))
    try:
        return header_list(pairs), []
    except HopByHopHeader:  # rare, so the usual case costs one check
        dropped = HOP_BY_HOP.union(*map(_connection_options, pairs))
    kept = [pair for pair in pairs if _key(pair) not in dropped]
    return header_list(kept), [pair[0] for pair in pairs if pair not in kept]


def _connection_options(pair: tuple[str, HeaderValue]) -> list[str]:
    """The headers that a header names as such about the connection."""
    if _key(pair) != "connection":
        return []
    return [option.strip().lower() for option in str(pair[1]).split(",")]


def _key(pair: object) -> str:
    """A header's name in lower case; "" for what `header_list` refuses."""
    if isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[0], str):
        return pair[0].lower()
    return ""


def _pairs(headers: HeadersLike) -> Iterable[tuple[str, HeaderValue]]:
    if isinstance(headers, Mapping):
        return headers.items()
    if not _may_be_pairs(headers):
        raise TypeError(
            f"headers must be a list of (name, value) tuples or a dict, "
            f"not {headers!r} ({type(headers).__name__})"
        )
    return headers


def _may_be_pairs(headers: object) -> bool:
    return isinstance(headers, Iterable) and not isinstance(headers, (str, bytes))


def _header(pair: tuple[str, HeaderValue]) -> tuple[str, str, str]:
    """Name and value of a header, and the name in lower case."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"each header must be a (name, value) tuple, not {pair!r}")
    name, value = pair
    if not isinstance(name, str):
        raise TypeError(
            f"header name {name!r} must be a str, not {type(name).__name__}"
        )
    key = _checked_name(name)
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise TypeError(
            f"header {name!r} must have a str or int as its value, "
            f"not {value!r} ({type(value).__name__})"
        )
    if key == "content-length" and not (value.isascii() and value.isdigit()):
        raise ValueError(
            f"header 'Content-Length' must be a number of bytes, not {value!r}; "
            f"leave it out, it is added where it is known"
        )
    if not _is_sendable(value):
        _refuse_text(value, f"header {name!r}")
    return name, value, key


@lru_cache(maxsize=1024)
def _checked_name(name: str) -> str:
    """The name in lower case; ValueError if a handler must not send the header."""
    if not _TOKEN.fullmatch(name):
        raise ValueError(
            f"header name {name!r} may hold letters, digits and !#$%&'*+-.^_`|~ only; "
            f"no spaces, colons or line breaks"
        )
    key = name.lower()
    if key in HOP_BY_HOP:
        raise HopByHopHeader(
            f"header {name!r} is hop-by-hop: it belongs to the server, leave it out"
        )
    return key


def _is_sendable(text: str) -> bool:
    """Whether *text* has no control characters, and latin-1 can express it."""
    if text.isascii() and text.isprintable():  # nearly always, and quickly found out
        return True
    return _SENDABLE.fullmatch(text) is not None


def _refuse_text(text: str, owner: str) -> NoReturn:
    """Say which character *owner* must not contain.

    Raises:
        ValueError: Always.
    """
    position, character = next(
        (position, character)
        for position, character in enumerate(text)
        if not _is_sendable(character)
    )
    if character < "\x80":
        raise ValueError(
            f"{owner} must not contain the control character {character!r} "
            f"(at position {position} of {text!r})"
        )
    raise ValueError(
        f"{owner} must not contain {character!r}: only latin-1 can be "
        f"sent, so percent-encode it (urllib.parse.quote)"
    )
