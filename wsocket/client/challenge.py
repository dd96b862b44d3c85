"""Reading CHALLENGE: a router may not have a client compute for hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsocket.errors import ProtocolError

MOST_ITERATIONS = 10_000_000  # some seconds of work


def expect_method(expected: str, method: str) -> None:
    """Refuse a CHALLENGE of another method.

    Raises:
        ProtocolError: It is another one.
    """
    if method != expected:
        raise ProtocolError(
            f"CHALLENGE.AuthMethod: expected {expected!r}, which this client offers, "
            f"got {method!a:.50}"
        )


def text_in(extra: Mapping[str, Any], name: str) -> str:
    """A text of CHALLENGE.Extra.

    Raises:
        ProtocolError: It is none.
    """
    value = extra.get(name)
    if not isinstance(value, str):
        kind = type(value).__name__
        raise ProtocolError(f"CHALLENGE.Extra.{name}: expected a string, got {kind}")
    return value


def number_in(
    extra: Mapping[str, Any], name: str, default: int | None = None, *, most: int
) -> int:
    """A number of CHALLENGE.Extra.

    Raises:
        ProtocolError: It is none, or it would take too much of this client's time.
    """
    value = extra.get(name, default)
    if type(value) is not int or not 1 <= value <= most:
        raise ProtocolError(
            f"CHALLENGE.Extra.{name}: expected a number from 1 to {most}, "
            f"got {value!a:.50}"
        )
    return value
