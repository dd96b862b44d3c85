"""Binary values in JSON: strings, a NUL followed by Base64 (Basic Profile, "Binary
conversion of JSON Strings").

These functions recurse as deeply as a peer nests its values. They are not compiled:
only interpreted code has a limit for recursion. They look into each list and dict of a
payload that is converted, and this is most of what that costs. So what needs no
conversion is found without a call for each value.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from math import isfinite
from typing import Any

# Types that need no conversion to JSON.
_PLAIN = frozenset((int, str, bool, type(None)))
_are_plain = _PLAIN.issuperset
_are_texts = frozenset((str,)).issuperset

# Types that need no conversion from JSON.
_NO_TEXTS = frozenset((int, float, bool, type(None)))
_are_no_texts = _NO_TEXTS.issuperset
_is_nul_and_base64 = re.compile("\0[A-Za-z0-9+/]*={0,2}").fullmatch

# Types of keys that MessagePack can have, and JSON cannot.
_NO_KEYS = (bytes, bool, tuple, frozenset, type(None))


def to_json(value: Any) -> Any:
    """Replace bytes by their string form, also inside of lists and dicts."""
    if type(value) is bytes:  # most of what is no dict and no list
        return "\0" + b2a_base64(value, newline=False).decode("ascii")
    if isinstance(value, dict):
        if not _are_texts(map(type, value)):
            _check_keys(value)
        if _are_plain(map(type, value.values())):
            return value
        return {
            key: item
            if (kind := type(item)) in _PLAIN or (kind is float and isfinite(item))
            else to_json(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        if _are_plain(map(type, value)):  # a long list of numbers, perhaps
            return value
        return [
            item
            if (kind := type(item)) in _PLAIN or (kind is float and isfinite(item))
            else to_json(item)
            for item in value
        ]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return to_json(bytes(value))
    if type(value) is float and not isfinite(value):
        raise ValueError(
            f"{value} has no form in this serializer; allowed are finite numbers; send "
            "None or a str in its place"
        )
    return value


def _check_keys(value: dict[Any, Any]) -> None:
    for key in value:
        if isinstance(key, _NO_KEYS):
            raise TypeError(
                f"a dict key of {type(key).__name__} has no form in this serializer; "
                "allowed are str, int and float; write it as a str"
            )


def from_json(value: Any) -> Any:
    """Restore bytes from their string form, also inside of lists and dicts."""
    if isinstance(value, dict):
        if _are_no_texts(map(type, value.values())):
            return value
        return {
            key: item
            if ((kind := type(item)) is str and item >= "\1") or kind in _NO_TEXTS
            else from_json(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        if _are_no_texts(map(type, value)):
            return value
        return [
            item
            if ((kind := type(item)) is str and item >= "\1") or kind in _NO_TEXTS
            else from_json(item)
            for item in value
        ]
    if isinstance(value, str) and len(value) % 4 == 1 and _is_nul_and_base64(value):
        return a2b_base64(value[1:])
    return value  # perhaps a string of the application that begins with a NUL
