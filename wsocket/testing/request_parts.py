"""What a request of the test consists of: checked, and as it goes out."""

from __future__ import annotations

import json as jsons
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from wsocket.core.checks import check_list, check_mapping, refuse_type
from wsocket.core.http.grammar import CONTROLS, FIELD_VALUE, TOKEN

# Characters of a path that stay as they are (RFC 3986 section 3.3, and the query).
_IN_A_PATH: Final = "/?&=%:@!$'()*+,;~-._"
_NOT_IN_A_PATH: Final = re.compile(rf"[#\t{CONTROLS}]")  # a fragment is not sent

_COOKIE: Final = re.compile(rf"[^;\t{CONTROLS}]*")


def target_of(path: object) -> str:
    """The target of a request; a browser encodes other characters like this, too.

    Raises:
        TypeError, ValueError: *path* is no path, with or without a query.
    """
    expected = "a path such as '/page?x=1'"
    if not isinstance(path, str):
        refuse_type("path", expected, path)
    if path == "*":  # of OPTIONS
        return path
    if not path.startswith("/") or _NOT_IN_A_PATH.search(path):
        raise ValueError(
            f"path: expected {expected}, without '#' and control characters, got "
            f"{path!r:.100}"
        )
    return quote(path, safe=_IN_A_PATH)


def method_of(method: object) -> str:
    """The method of a request.

    Raises:
        TypeError, ValueError: It is no name (RFC 9110 section 9.1).
    """
    if not isinstance(method, str):
        refuse_type("method", "a string such as 'GET'", method)
    if not re.fullmatch(TOKEN, method):
        raise ValueError(f"method: expected one such as 'GET', got {method!r:.100}")
    return method


def fields_of(
    headers: Mapping[str, str] | None, cookies: Mapping[str, str]
) -> dict[str, str]:
    """The headers of a request, with those of the cookies that were kept.

    Raises:
        TypeError, ValueError: A name or a value cannot be sent (RFC 9110 section 5).
    """
    if headers is not None:
        check_mapping("headers", headers)
    for name, value in (headers or {}).items():
        _check_field("headers", name, value, allowed=FIELD_VALUE)
    for name, value in cookies.items():
        _check_field("cookies", name, value, allowed=_COOKIE.pattern)
    kept = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {**({"Cookie": kept} if kept else {}), **(headers or {})}


def _check_field(what: str, name: object, value: object, *, allowed: str) -> None:
    if not isinstance(name, str) or not re.fullmatch(TOKEN, name):
        raise ValueError(f"{what}: {name!r:.100} is no name (RFC 9110 section 5.1)")
    if not isinstance(value, str):
        refuse_type(f"{what}[{name!r}]", "a string", value)
    if not re.fullmatch(allowed, value) or any(letter > "\xff" for letter in value):
        expected = "Latin-1 without control characters"
        if what == "cookies":
            expected += " and ';'"
        raise ValueError(f"{what}[{name!r}]: expected {expected}, got {value!r:.100}")


def subprotocols_of(subprotocols: Sequence[str]) -> Sequence[str]:
    """The subprotocols that a websocket offers.

    Raises:
        TypeError, ValueError: They are no list of names (RFC 6455 section 4.1).
    """
    check_list("subprotocols", subprotocols, kind=str)
    for name in subprotocols:
        if not re.fullmatch(TOKEN, name):
            raise ValueError(f"subprotocols: {name!r:.100} is no name")
    return subprotocols


def body_of(
    body: str | bytes | None, form: Mapping[str, Any] | None, json: Any
) -> tuple[dict[str, str], bytes]:
    """The header with the type of a body, and its bytes.

    Raises:
        TypeError: More than one of them is given, or it is not what it must be.
    """
    if sum(each is not None for each in (body, form, json)) > 1:
        raise TypeError("post takes one of body, form and json")
    if form is not None:
        check_mapping("form", form)
        kind = "application/x-www-form-urlencoded"
        return {"Content-Type": kind}, urlencode(form, doseq=True).encode()
    if json is not None:
        return {"Content-Type": "application/json"}, jsons.dumps(json).encode()
    return {}, bytes_of(body) or b""


def bytes_of(body: object) -> bytes | None:
    """A body as it is sent; None is none.

    Raises:
        TypeError: It is none.
    """
    if isinstance(body, str):
        return body.encode()
    if body is not None and not isinstance(body, bytes):
        refuse_type("body", "a string or bytes", body)
    return body
