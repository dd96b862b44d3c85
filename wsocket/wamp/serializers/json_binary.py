"""Binary values in JSON: strings, a NUL followed by Base64 (Basic Profile, "Binary
conversion of JSON Strings").

These functions recurse as deeply as a peer nests its values. They are not compiled:
only interpreted code has a limit for recursion.
"""

from __future__ import annotations

import base64
import math
from typing import Any

# Types that need no conversion to JSON.
_PLAIN = frozenset((int, str, bool, type(None)))

# Types of keys that MessagePack can have, and JSON cannot.
_NO_KEYS = (bytes, bool, tuple, frozenset, type(None))


def to_json(value: Any) -> Any:
    """Replace bytes by their string form, also inside of lists and dicts."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\0" + base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        for key in value:
            if isinstance(key, _NO_KEYS):
                raise TypeError(
                    f"a dict key of {type(key).__name__} has no form in this "
                    "serializer; allowed are str, int and float; write it as a str"
                )
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        if _PLAIN.issuperset(map(type, value)):  # a long list of numbers, perhaps
            return value
        return [to_json(item) for item in value]
    if type(value) is float and not math.isfinite(value):
        raise ValueError(
            f"{value} has no form in this serializer; allowed are finite numbers; send "
            "None or a str in its place"
        )
    return value


def from_json(value: Any) -> Any:
    """Restore bytes from their string form, also inside of lists and dicts."""
    if isinstance(value, str) and value.startswith("\0"):
        try:
            return base64.b64decode(value[1:], validate=True)
        except ValueError:  # not Base64, or not even ASCII
            return value  # a string of the application that begins with a NUL
    if isinstance(value, dict):
        return {key: from_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_json(item) for item in value]
    return value
