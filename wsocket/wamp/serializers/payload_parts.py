"""Cheap checks on encoded payloads.

``_payload_parts.c`` has the same functions in C, and is used if it was compiled. In
Python, a view of one byte costs more than all other checks of a part, and reading
MessagePack makes objects that nobody needs.
"""

from __future__ import annotations

from msgspec import Raw

try:
    from wsocket.wamp.serializers._payload_parts import first_byte as first_byte
    from wsocket.wamp.serializers._payload_parts import (
        is_plain_msgpack as is_plain_msgpack,
    )
    from wsocket.wamp.serializers._payload_parts import size_of as size_of
except ImportError:  # built without a C compiler

    def first_byte(part: Raw, /) -> int:
        """The first byte of *part*, which shows the type of the value.

        Raises:
            IndexError: *part* is empty.
        """
        return memoryview(part)[0]

    def size_of(part: Raw, /) -> int:
        """The size of *part* in bytes."""
        return memoryview(part).nbytes

    def is_plain_msgpack(part: Raw, /) -> bool:
        """Whether *part* is surely MessagePack that every decoder accepts: without
        extensions, all keys are strings, and all strings are UTF-8.

        False means: a decoder has to find out. In Python it is always False, because
        this check would cost as much as decoding.
        """
        return False
