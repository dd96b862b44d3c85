"""Status and headers, as a handler may give them and as WSGI wants them.

Whatever is wrong is said with the name of the offender and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from wsocket.core.http.grammar import CONTROLS, STATUS_CODE, TOKEN

if TYPE_CHECKING:
    from typing import TypeAlias

    HeaderValue: TypeAlias = str | int
    HeadersLike: TypeAlias = (
        Mapping[str, HeaderValue] | Iterable[tuple[str, HeaderValue]]
    )

_STATUS = re.compile(rf"({STATUS_CODE})(?: +(.*))?", re.DOTALL)
_TOKEN = re.compile(TOKEN)
_FORBIDDEN = re.compile(rf"[{CONTROLS}]")

# What a code means when nobody registered it (RFC 9110 section 15).
_CLASS_REASONS = {
    "2": "Success",
    "3": "Redirection",
    "4": "Client Error",
    "5": "Server Error",
}

# They describe the connection, which is the server's (PEP 3333, "Other HTTP Features").
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)

_ONCE = frozenset({"content-length", "content-type"})


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
    return f"{code} {_check_text(reason, f'status {status!r}')}"


def _reason(code: str) -> str:
    try:
        return HTTPStatus(int(code)).phrase
    except ValueError:
        return _CLASS_REASONS.get(code[0], "Unknown")


def _may_be_pairs(headers: object) -> bool:
    return isinstance(headers, Iterable) and not isinstance(headers, (str, bytes))


def header_list(headers: HeadersLike) -> list[tuple[str, str]]:
    """Check `headers`, a dict or pairs, and return them as WSGI's list of tuples.

    An int value becomes its text, so that ``{"Content-Length": 5}`` works.

    Raises:
        TypeError: The headers, a name or a value have the wrong type.
        ValueError: A name or a value may not be sent.
    """
    if isinstance(headers, Mapping):
        pairs: Iterable[tuple[str, HeaderValue]] = headers.items()
    elif not _may_be_pairs(headers):
        raise TypeError(
            f"headers must be a list of (name, value) tuples or a dict, "
            f"not {headers!r} ({type(headers).__name__})"
        )
    else:
        pairs = headers
    checked = [_header(pair) for pair in pairs]
    for unique in _ONCE:
        if sum(name.lower() == unique for name, _ in checked) > 1:
            raise ValueError(f"header {unique.title()!r} is given more than once")
    return checked


def _header(pair: tuple[str, HeaderValue]) -> tuple[str, str]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"each header must be a (name, value) tuple, not {pair!r}")
    name, value = pair
    if not isinstance(name, str):
        raise TypeError(
            f"header name {name!r} must be a str, not {type(name).__name__}"
        )
    _check_name(name)
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise TypeError(
            f"header {name!r} must have a str or int as its value, "
            f"not {value!r} ({type(value).__name__})"
        )
    if name.lower() == "content-length" and not (value.isascii() and value.isdigit()):
        raise ValueError(
            f"header 'Content-Length' must be a number of bytes, not {value!r}; "
            f"leave it out, it is added where it is known"
        )
    return name, _check_text(value, f"header {name!r}")


@lru_cache(maxsize=1024)
def _check_name(name: str) -> None:
    """Raise ValueError unless `name` is a header name that a handler may send."""
    if not _TOKEN.fullmatch(name):
        raise ValueError(
            f"header name {name!r} may hold letters, digits and !#$%&'*+-.^_`|~ only; "
            f"no spaces, colons or line breaks"
        )
    if name.lower() in HOP_BY_HOP:
        raise ValueError(
            f"header {name!r} is hop-by-hop: it belongs to the server, leave it out"
        )


def _check_text(value: str, owner: str) -> str:
    """Return `value`, which `owner` sends, or raise ValueError."""
    bad = _FORBIDDEN.search(value)
    if bad:
        raise ValueError(
            f"{owner} must not contain the control character {bad[0]!r} "
            f"(at position {bad.start()} of {value!r})"
        )
    try:
        value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{owner} must not contain {value[error.start]!r}: only latin-1 can be "
            f"sent, so percent-encode it (urllib.parse.quote)"
        ) from None
    return value
