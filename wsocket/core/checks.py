"""Checks of configuration, made when it is given.

Each raises TypeError or ValueError. The message begins with *name*, the name of the
field. Checks of text, bytes and mappings never show the value: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from math import inf
from typing import NoReturn

from wsocket.core.functions import (
    how_async,
    kind_of,
    makes_callables,
    name_of,
    takes,
)

LONGEST = 1_000_000
"""The most seconds that anything here waits, 11 days.

The kernel counts milliseconds in 31 bits, also for the sum of two times.
"""


def check_text(name: str, value: object) -> None:
    """Accept a non-empty string that UTF-8 can express."""
    if not isinstance(value, str):
        refuse_type(name, "a string", value)
    if not value:
        raise ValueError(f"{name}: expected a string, got an empty one")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name}: not valid Unicode (a lone surrogate)") from None


def check_bytes(name: str, value: object, *, length: int | None = None) -> None:
    """Accept bytes: exactly *length* of them, or at least one."""
    if not isinstance(value, bytes):
        refuse_type(name, "bytes", value)
    if length is not None and len(value) != length:
        raise ValueError(f"{name}: expected {length} bytes, got {len(value)}")
    if not value:
        raise ValueError(f"{name}: expected at least one byte, got none")


def check_integer(name: str, value: object, *, low: int, high: int) -> None:
    """Accept an integer from *low* to *high*, both included."""
    if not isinstance(value, int) or isinstance(value, bool):
        refuse_type(name, "an integer", value)
    if not low <= value <= high:
        raise ValueError(f"{name}: expected {low} to {high}, got {value}")


def check_number(name: str, value: object, *, least: int, unit: str = "") -> None:
    """Accept an integer, *least* at least.

    Args:
        unit: For the message, such as ``"bytes"``.
    """
    expected = f"an int >= {least}" + (f", in {unit}" if unit else "")
    if type(value) is not int:
        raise TypeError(f"{name}: expected {expected}, got {value!r:.100}")
    if value < least:
        raise ValueError(f"{name}: expected {expected}, got {value}")


def check_rate(name: str, value: object) -> None:
    """Accept a finite number, 0 at least."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse_type(name, "a number, 0 for no limit", value)
    if not 0 <= value < inf:
        raise ValueError(f"{name}: expected a number, 0 or positive, got {value!r}")


def check_seconds(name: str, value: object, *, least: float) -> None:
    """Accept a number of seconds, from *least* to `LONGEST`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        expected = f"seconds, a number such as {max(least, 1.5):g}"
        raise TypeError(f"{name}: expected {expected}, got {value!r:.100}")
    if value > LONGEST:
        raise ValueError(
            f"{name}: expected seconds, at most {LONGEST} (11 days), got {value!r:.40}"
        )
    if not value >= least:  # also if it is not a number (NaN)
        raise ValueError(f"{name}: expected seconds, at least {least:g}, got {value!r}")


def check_bool(name: str, value: object) -> None:
    """Accept True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected a bool, got {value!r:.100}")


def check_choice(name: str, value: object, allowed: Sequence[str]) -> None:
    """Accept one of a few strings.

    Raises:
        TypeError: It is no string.
        ValueError: It is another one; the message lists those that are allowed.
    """
    expected = "one of " + ", ".join(allowed)
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected {expected}, got {value!r:.100}")
    if value not in allowed:
        meant = closest(value, allowed)
        raise ValueError(f"{name}: expected {expected}, got {value!r:.100}{meant}")


def check_list(name: str, items: object, *, kind: type = object) -> None:
    """Accept a sequence of objects of one *kind*."""
    if isinstance(items, (str, bytes)) or not isinstance(items, Sequence):
        raise TypeError(f"{name}: expected a list, got {items!r:.100}")
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(
                f"{name}: expected {kind.__name__} objects, got {item!r:.100}"
            )


def check_mapping(name: str, value: object) -> None:
    """Accept a mapping with string keys, as WAMP demands of a dict."""
    if not isinstance(value, Mapping):
        refuse_type(name, "a mapping", value)
    for key in value:
        if not isinstance(key, str):
            refuse_type(f"{name}, a key", "a string", key)


def check_instance(name: str, value: object, kind: type) -> None:
    """Accept an object of one class, such as `Limits`."""
    if isinstance(value, kind):
        return
    if isinstance(value, type) and issubclass(value, kind):
        raise TypeError(f"{name}: expected {kind.__name__}(...), got the class itself")
    refuse_type(name, f"{kind.__name__}(...)", value)


def check_callable(
    name: str,
    value: object,
    *,
    expected: str = "a callable",
    parameters: Sequence[str] | None = None,
    awaited: bool = False,
) -> None:
    """Accept a callable, but no async function if nobody would await its result.

    Args:
        parameters: What it is called with, if that is known.
        awaited: Whether the result is awaited, if it can be.
    """
    if not callable(value):
        refuse_type(name, expected, value)
    kind = None if awaited else how_async(value)
    if kind is not None:
        raise TypeError(
            f"{name}: expected a plain callable, got {kind}, {name_of(value)}, which "
            "nobody here would await; write it with 'def', and block where you would "
            "'await'"
        )
    if parameters is not None and not takes(value, len(parameters)):
        raise TypeError(
            f"{name}: expected a callable that takes ({', '.join(parameters)}), got "
            f"{kind_of(value)}, which does not"
        )


def check_handler(name: str, value: object) -> None:
    """Accept a WSGI application, or the handler of a route.

    Raises:
        TypeError: It cannot be called in that way, or it is an async one, or it is a
            class of applications in place of one.
    """
    if isinstance(value, type) and makes_callables(value):
        raise TypeError(
            f"{name}: expected a WSGI application, got the class {value.__name__} "
            f"itself; make an object of it, {value.__name__}(...)"
        )
    check_callable(
        name,
        value,
        expected="a WSGI application (a callable)",
        parameters=("environ", "start_response"),
    )


def check_path(name: str, value: object) -> None:
    """Accept a path of URLs that begins with a slash, without a query."""
    if not isinstance(value, str):
        refuse_type(name, "a path such as '/status'", value)
    if not value.startswith("/") or not {"?", "#", "*"}.isdisjoint(value):
        raise ValueError(
            f"{name}: expected a path that begins with '/', such as '/status', "
            f"without '?', '#' and '*', got {value!r:.100}"
        )


def host_name_problem(host: str) -> str:
    """Why no resolver takes *host* (RFC 5890), such as "label too long"; otherwise "".

    Importing the codec takes milliseconds.
    """
    try:
        host.encode("idna")
    except UnicodeError as error:
        return str(error.__cause__ or error)
    return ""


def closest(given: str, known: Collection[str]) -> str:
    """``"; did you mean 'x'?"`` if one of the *known* names is near, otherwise ""."""
    difflib = import_module("difflib")  # who makes no mistake does not wait for it
    near = difflib.get_close_matches(given.lower()[:100], sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def refuse_type(name: str, expected: str, value: object) -> NoReturn:
    """Refuse a value of the wrong type, without showing it.

    Raises:
        TypeError: Always.
    """
    got = type(value).__name__
    if isinstance(value, type):
        got = f"the class {value.__name__} itself"
    raise TypeError(f"{name}: expected {expected}, got {got}")
