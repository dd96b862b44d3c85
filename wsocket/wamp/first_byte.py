"""The first byte of a payload's part, which tells a list from anything else.

In C where that was compiled: every message is asked, and making a view of one byte
costs more than all else that is checked of it.
"""

from __future__ import annotations

from msgspec import Raw

try:
    from wsocket.wamp._first_byte import first_byte as first_byte
except ImportError:  # built without a C compiler

    def first_byte(part: Raw, /) -> int:
        """The first byte of *part*, which is not empty."""
        return memoryview(part)[0]
