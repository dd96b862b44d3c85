"""Who waits until a time, in the order of these times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

_Waiting = TypeVar("_Waiting")


def first_late(deadlines: Mapping[_Waiting, float], now: float) -> _Waiting | None:
    """The first one of *deadlines*, if its time is over."""
    first = next(iter(deadlines.items()), None)
    return first[0] if first is not None and first[1] <= now else None
