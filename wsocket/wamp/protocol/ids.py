"""WAMP IDs: integers from 1 to 2**53, both included (Basic Profile, "Identifiers")."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Annotated, Final

from msgspec import Meta

MAX_ID: Final = 9_007_199_254_740_992  # 2**53

Id = Annotated[int, Meta(ge=1, le=MAX_ID)]

Natural = Annotated[int, Meta(ge=0, le=MAX_ID)]
"""A number that is not an ID: 0 is allowed."""

RandomBelow = Callable[[int], int]
"""``random_below(n)`` returns a uniform integer from 0 to n-1."""

_WORDS = struct.Struct("<512Q")


class RandomWords:
    """Random numbers, drawn 512 at a time.

    A system call for each number would cost more than the rest of a publication.

    Args:
        random_bytes: Such as `secrets.token_bytes`.
    """

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._words: list[int] = []  # of 53 bits; filled when a number is needed

    def below(self, limit: int) -> int:
        """A `RandomBelow`; *limit* must be `MAX_ID`, or far below it to be uniform."""
        if not self._words:
            words = _WORDS.unpack(self._random_bytes(_WORDS.size))
            self._words.extend(word >> 11 for word in words)
        word = self._words.pop()
        return word if limit == MAX_ID else word * limit >> 53


def random_id(random_below: RandomBelow) -> int:
    """An ID of the global scope: uniform over the whole range."""
    return random_below(MAX_ID) + 1


def next_id(last: int) -> int:
    """The ID after *last* in a sequence; 2**53 is followed by 1."""
    return last + 1 if last < MAX_ID else 1
