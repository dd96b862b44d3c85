"""How long it takes to convert an encoded payload, by what is in it.

Nothing is decoded here, and nothing is checked: what is malformed is weighed up to
there. Sizes and lengths are obeyed, but not the nesting, for what is inside of a list
simply follows. docs/decisions/059-converted-payloads.md has the measurements.

``_weights.c`` has the same functions in C, and is used if it was compiled.
"""

from __future__ import annotations

import re

from msgspec import Raw

MAX_WEIGHT = 150_000
"""What may be converted: for all serializers together this takes less than 50 ms, from
JSON to MessagePack or back less than 10 ms, of the time of the loop."""

MAX_READ_WEIGHT = 900_000
"""What may be read at all from CBOR, where reading it is the only way to its end."""

LEAST_WEIGHED = 8192
"""Bytes of a payload that needs no weighing: it cannot be too heavy."""

# Of null, booleans and integers; of texts and keys; and so on. A JSON number with many
# digits or an exponent may lie close to the middle between two floats, and then it is
# read slowly; most slowly if it is among the largest or the smallest.
_PLAIN, _TEXT, _FLOAT, _DECIMAL, _CONTAINER = 1, 2, 4, 6, 8
_CBOR_TEXT, _BINARY, _OBJECT, _LARGE_EXPONENT = 3, 16, 16, 200
_LONG, _HUGE_NUMBER = 15, 32  # characters of a number

try:
    from wsocket.wamp.serializers._weights import weight_of_cbor as weight_of_cbor
    from wsocket.wamp.serializers._weights import weight_of_json as weight_of_json
    from wsocket.wamp.serializers._weights import weight_of_msgpack as weight_of_msgpack
except ImportError:  # built without a C compiler
    _STRING = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
    _NUMBER = re.compile(rb"[0-9a-zE.+-]+")
    _CONTROLS = re.compile(rb"[\0-\x1f]")

    # First byte from 0xC4 on: bytes of a size, bytes besides those that it says, weight
    _MSGPACK = (
        *((1, 0, _BINARY), (2, 0, _BINARY), (4, 0, _BINARY)),
        *((1, 1, _OBJECT), (2, 1, _OBJECT), (4, 1, _OBJECT)),  # extensions
        *((0, 4, _FLOAT), (0, 8, _FLOAT)),
        *((0, 1, _PLAIN), (0, 2, _PLAIN), (0, 4, _PLAIN), (0, 8, _PLAIN)) * 2,
        *((0, 2, _OBJECT), (0, 3, _OBJECT), (0, 5, _OBJECT)),  # extensions
        *((0, 9, _OBJECT), (0, 17, _OBJECT)),
        *((1, 0, _TEXT), (2, 0, _TEXT), (4, 0, _TEXT)),
        *((0, 2, _CONTAINER), (0, 4, _CONTAINER)) * 2,  # lists, dicts
    )

    def _weight_of_escapes(text: bytes) -> int:
        """What a text costs more because JSON must escape some of it."""
        controls = len(_CONTROLS.findall(text))
        return (2 * controls + text.count(b'"') + text.count(b"\\")) // 8

    def _weight_of_number(number: bytes) -> int:
        size = len(number)
        weight = _PLAIN if size <= _LONG else _DECIMAL
        exponent = max(number.rfind(b"e"), number.rfind(b"E"))
        if exponent > 0 and number[0] not in b"tf":  # true and false
            digits = number[exponent + 1 :]
            signs = digits[:1] in (b"+", b"-")
            large = len(digits) - signs > 2  # three digits
            weight = _LARGE_EXPONENT if large else _DECIMAL
        return weight + size // 2 if size > _HUGE_NUMBER else weight

    def weight_of_json(part: Raw | bytes, /) -> int:
        """The weight of JSON."""
        data = bytes(part)
        strings: list[bytes] = _STRING.findall(data)
        binary = sum(each.startswith(rb'"\u0000') for each in strings)
        weight = binary * _BINARY + (len(strings) - binary) * _TEXT
        bare = _STRING.sub(b" ", data)
        weight += (bare.count(b"[") + bare.count(b"{")) * _CONTAINER
        return weight + sum(map(_weight_of_number, _NUMBER.findall(bare)))

    def weight_of_msgpack(part: Raw | bytes, /) -> int:
        """The weight of MessagePack."""
        data = bytes(part)
        at = weight = 0
        while at < len(data):
            first = data[at]
            at += 1
            width, more, here, size = 0, 0, _PLAIN, 0
            if 0xC4 <= first <= 0xDF:
                width, more, here = _MSGPACK[first - 0xC4]
                if at + width > len(data):
                    break
                size = int.from_bytes(data[at : at + width], "big")
            elif first & 0xE0 == 0xA0:
                here, size = _TEXT, first & 0x1F
            elif 0x80 <= first <= 0x9F:
                here = _CONTAINER
            start = at + width
            at = start + size + more
            weight += here
            if here == _TEXT and at <= len(data):
                weight += _weight_of_escapes(data[start:at])
        return weight

    def _weight_in_cbor(kind: int, form: int) -> int:
        """What an item weighs, by its first byte, besides what is in it."""
        if kind < 2:
            return _PLAIN + (form == 27)  # of 64 bits
        if kind < 4 and form != 31:
            return _BINARY if kind == 2 else _CBOR_TEXT
        if kind in (4, 5):
            return _CONTAINER
        if kind < 7 or form < 20 or form == 24:
            return _OBJECT  # cbor2 makes one, or calls a function
        return _PLAIN if form < 24 else _FLOAT

    def _size_in_array(tag: int) -> int:
        """The size of the numbers in a typed array (RFC 8746); 0 if it is none."""
        if not 64 <= tag <= 87 or tag in (64, 68):
            return 0
        return 1 << ((tag & 3) + (tag >= 80))

    def weight_of_cbor(part: Raw | bytes, /) -> int:
        """The weight of CBOR. Numbers in typed arrays are weighed as well."""
        data = bytes(part)
        at = weight = in_array = 0
        in_pieces = False
        while at < len(data):
            first = data[at]
            kind, form = first >> 5, first & 0x1F
            width = 1 << (form - 24) if 24 <= form <= 27 else 0
            start = at + 1 + width
            argument = int.from_bytes(data[at + 1 : start], "big") if width else form
            sized = kind in (2, 3) and form != 31
            at = start + (argument if sized else 0)
            if at > len(data):
                break
            weight += _weight_in_cbor(kind, form)
            if kind == 3 and sized:
                weight += _weight_of_escapes(data[start:at])
            elif kind == 2 and sized and in_array:
                weight += argument // in_array * _FLOAT
            elif kind == 6:
                in_array = _size_in_array(argument) or in_array
            in_pieces = (in_pieces or (kind == 2 and form == 31)) and first != 0xFF
            if not in_pieces and kind != 6:
                in_array = 0
        return weight
