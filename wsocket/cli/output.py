"""What the client commands print: lines for people, and JSON for programs.

Peers choose most of it. On a terminal no character of theirs moves the cursor, or
changes a color.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from wsocket.harmless import harmless
from wsocket.wamp.serializers.json_binary import to_json


def put(text: str) -> None:
    """Print to stdout at once, so that whoever reads it need not wait."""
    print(_for_terminal(text) if sys.stdout.isatty() else text, flush=True)


def note(text: str) -> None:
    """Tell the user something that is no output."""
    with suppress(OSError, ValueError):  # a full disk, a closed stderr
        print(f"wsocket: {harmless(text, len(text))}", file=sys.stderr, flush=True)


def as_json(value: Any) -> str:
    """JSON on one line; binary values as WAMP has them in JSON."""
    return msgspec.json.encode(_json_value(value), enc_hook=str).decode()


def shown(value: Any) -> str:
    """A value for people: a string as it is, lists and dicts indented."""
    if isinstance(value, str):
        return value
    return msgspec.json.format(as_json(value), indent=2)


def shown_payload(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """The arguments of an event on one line, as one would type them."""
    words = [as_json(value) for value in args]
    words += [f"{key}={as_json(value)}" for key, value in kwargs.items()]
    return " ".join(words)


def _for_terminal(text: str) -> str:
    return "\n".join(harmless(line, len(line)) for line in text.split("\n"))


def _json_value(value: Any) -> Any:
    """The value without what JSON has no form for: NaN and infinities become null."""
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return to_json(value)
