"""The limits of a message over RawSocket (Advanced Profile, "RawSocket Transport")."""

from __future__ import annotations

MIN_SIZE, MAX_SIZE = 2**9, 2**24
"""The limits that LENGTH can express, in octets of a message."""
