"""What the client commands print: lines for people, and JSON for programs.

Peers choose most of it. On a terminal no character of theirs moves the cursor, or
changes a color.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from wsocket.cli.exit_status import CommandFailed
from wsocket.cli.streams import is_terminal, write_line
from wsocket.harmless import harmless
from wsocket.wamp.serializers.json_binary import to_json


def put(text: str) -> None:
    """Print a line to stdout; raises what `write_line` does."""
    write_line(_for_terminal(text) if is_terminal(sys.stdout) else text)


def as_json(value: Any) -> str:
    """JSON on one line; binary values as WAMP has them in JSON.

    Raises:
        CommandFailed: It is nested too deeply.
    """
    try:
        return msgspec.json.encode(_json_value(value), enc_hook=str).decode()
    except RecursionError as error:
        raise CommandFailed("what came is nested too deeply to be shown") from error


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
