"""Random numbers of the system: the modules `random` and `secrets` import too much."""

from __future__ import annotations

import os

random_bytes = os.urandom

_BITS = 53  # what a float can have: 7 bytes without 3 bits


def uniform() -> float:
    """A number in [0, 1)."""
    number = int.from_bytes(os.urandom(7), "big") >> 3
    return float(number) / 2.0**_BITS
