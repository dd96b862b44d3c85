"""Checks of configuration, made when it is given.

Each raises TypeError or ValueError. The message begins with *name*, the name of the
field. Checks of text, bytes and mappings never show the value: it may be a secret.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from math import inf
from typing import NoReturn


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


def check_number(name: str, value: object, *, least: int) -> None:
    """Accept an integer, *least* at least."""
    if type(value) is not int or value < least:
        raise ValueError(f"{name}: expected an int >= {least}, got {value!r}")


def check_seconds(name: str, value: object, *, least: float) -> None:
    """Accept a finite number of seconds, *least* at least."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name}: expected seconds, got {value!r}")
    if not least <= value < inf:
        raise ValueError(f"{name}: expected seconds, at least {least:g}, got {value!r}")


def check_bool(name: str, value: object) -> None:
    """Accept True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected a bool, got {value!r}")


def check_choice(name: str, value: object, allowed: Sequence[str]) -> None:
    """Accept one of a few strings."""
    if value not in allowed:
        choices = ", ".join(allowed)
        raise ValueError(f"{name}: expected one of {choices}, got {value!r}")


def check_list(name: str, items: object, *, kind: type = object) -> None:
    """Accept a sequence of objects of one *kind*."""
    if isinstance(items, str) or not isinstance(items, Sequence):
        raise TypeError(f"{name}: expected a list, got {items!r}")
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(f"{name}: expected {kind.__name__} objects, got {item!r}")


def check_mapping(name: str, value: object) -> None:
    """Accept a mapping with string keys, as WAMP demands of a dict."""
    if not isinstance(value, Mapping):
        refuse_type(name, "a mapping", value)
    for key in value:
        if not isinstance(key, str):
            refuse_type(f"{name}, a key", "a string", key)


def check_callable(name: str, value: object, *, expected: str = "a callable") -> None:
    """Accept a callable, but no async function: nobody would await its result."""
    if not callable(value):
        refuse_type(name, expected, value)
    if inspect.iscoroutinefunction(value):
        raise TypeError(f"{name}: expected a plain callable, got an async one")


def refuse_type(name: str, expected: str, value: object) -> NoReturn:
    """Refuse a value of the wrong type, without showing it.

    Raises:
        TypeError: Always.
    """
    raise TypeError(f"{name}: expected {expected}, got {type(value).__name__}")
