"""How many lists, dicts and tags an encoded payload has.

Each of them costs Python about as much as ten numbers: a megabyte of empty lists is
half a second of the loop. Nothing is decoded here, and nothing is checked: what is
malformed is counted up to there. Sizes and lengths are obeyed, but not the nesting, for
what is inside of a list simply follows.

``_payload_parts.c`` has the same functions in C, and is used if it was compiled.
"""

from __future__ import annotations

import re

from msgspec import Raw

MAX_CONTAINERS = 50_000
"""How many of them may be converted, or read from CBOR: about 40 ms of the loop."""

try:
    from wsocket.wamp.serializers._payload_parts import (
        containers_in_cbor as containers_in_cbor,
    )
    from wsocket.wamp.serializers._payload_parts import (
        containers_in_json as containers_in_json,
    )
    from wsocket.wamp.serializers._payload_parts import (
        containers_in_msgpack as containers_in_msgpack,
    )
except ImportError:  # built without a C compiler
    _STRING = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)

    # First byte from 0xC4 on: bytes of a size, and bytes besides those that it says.
    _MSGPACK = (
        *((1, 0), (2, 0), (4, 0)),  # binary
        *((1, 1), (2, 1), (4, 1)),  # extensions
        *((0, 4), (0, 8)),  # floats
        *((0, 1), (0, 2), (0, 4), (0, 8)) * 2,  # integers
        *((0, 2), (0, 3), (0, 5), (0, 9), (0, 17)),  # extensions
        *((1, 0), (2, 0), (4, 0)),  # strings
    )

    def containers_in_json(part: Raw | bytes, /) -> int:
        """How many lists and dicts there are in JSON."""
        bare = _STRING.sub(b"", bytes(part))
        return bare.count(b"[") + bare.count(b"{")

    def containers_in_msgpack(part: Raw | bytes, /) -> int:
        """How many lists and dicts there are in MessagePack."""
        data = bytes(part)
        at = count = 0
        while at < len(data):
            first = data[at]
            at += 1
            if first & 0xE0 == 0x80:
                count += 1
            elif 0xDC <= first <= 0xDF:
                count += 1
                at += 4 if first & 1 else 2
            elif first & 0xE0 == 0xA0:
                at += first & 0x1F
            elif 0xC4 <= first <= 0xDB:
                width, more = _MSGPACK[first - 0xC4]
                at += width + more + int.from_bytes(data[at : at + width], "big")
        return count

    def containers_in_cbor(part: Raw | bytes, /) -> int:
        """How many lists, dicts and tags there are in CBOR.

        What costs as much counts, too: strings in pieces, and simple values without a
        meaning.
        """
        data = bytes(part)
        at = count = 0
        while at < len(data):
            kind, form = data[at] >> 5, data[at] & 0x1F
            width = 1 << (form - 24) if 24 <= form <= 27 else 0
            at += 1 + width
            if at > len(data):
                break
            if kind in (4, 5, 6) or (kind == 7 and (form < 20 or form == 24)):
                count += 1
            elif kind in (2, 3):
                if form == 31:
                    count += 1
                elif width:
                    at += int.from_bytes(data[at - width : at], "big")
                else:
                    at += form
        return count
