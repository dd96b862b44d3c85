"""WAMP ids: integers from 1 to 2**53, both included (Basic Profile, "Identifiers")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

MAX_ID = 2**53

Id = Annotated[int, Meta(ge=1, le=MAX_ID)]

RandomBelow = Callable[[int], int]
"""``random_below(n)`` returns a uniform integer from 0 to n-1; `secrets.randbelow` in
service.
"""


def random_id(random_below: RandomBelow) -> int:
    """An id of the global scope: uniform over the whole range."""
    return random_below(MAX_ID) + 1


def next_id(last: int) -> int:
    """The id after *last* in a sequence; 2**53 is followed by 1."""
    return last + 1 if last < MAX_ID else 1
