"""Header and trailer lines of a request, parsed strictly (RFC 9112 section 5)."""

from __future__ import annotations

import re

from wsocket.core.http.grammar import FIELD_VALUE, TOKEN
from wsocket.core.http.refusal import TOO_MANY_FIELDS, refuse

MAX_FIELDS = 128

_FIELD = re.compile(rf"({TOKEN}):({FIELD_VALUE})")

# A second one of these fields is an attack, or can be used for one.
_SINGLE = frozenset({"host", "content-length", "content-type", "transfer-encoding"})


def parse_fields(lines: list[str]) -> dict[str, str]:
    """Return the values of field lines by lower-case name, joined where one repeats.

    Raises:
        RequestError: A line is malformed, there are too many, or one must not repeat.
    """
    if len(lines) > MAX_FIELDS:
        refuse(f"more than {MAX_FIELDS} headers", status=TOO_MANY_FIELDS)
    fields: dict[str, str] = {}
    for line in lines:
        parsed = _FIELD.fullmatch(line)
        if parsed is None:
            # Among others: a space before the colon, a folded line, a bare CR or LF.
            refuse(f"malformed header line {line[:200]!r}")
        name, value = parsed[1].lower(), parsed[2].strip(" \t")
        if name not in fields:
            fields[name] = value
        elif name in _SINGLE:
            refuse(f"more than one {name.title()} header")
        else:
            separator = "; " if name == "cookie" else ", "
            fields[name] += separator + value
    return fields
