"""What is asked of every payload that passes: of its parts, as the bytes they are.

In C where that was compiled (``_payload_parts.c``): in Python a view of one byte costs
more than all else that is checked of a part, and reading MessagePack makes objects of
what nobody wants to have.
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
        """The first byte of *part*, which is not empty; it tells a list from the rest.

        Raises:
            IndexError: It is empty.
        """
        return memoryview(part)[0]

    def size_of(part: Raw, /) -> int:
        """How many bytes *part* has."""
        return memoryview(part).nbytes

    def is_plain_msgpack(part: Raw, /) -> bool:
        """Whether *part* is known to be MessagePack that every decoder takes: without
        extensions, with no keys but strings, and all strings UTF-8.

        False when it is not known. It never is here, where finding out costs as much as
        reading *part* with a decoder, which knows for certain.
        """
        return False
