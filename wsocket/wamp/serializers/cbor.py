"""``wamp.2.cbor``, with the package cbor2 (the extra ``wsocket[cbor]``)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import cbor2
from msgspec import Raw

from wsocket.wamp.protocol.client_messages import ABSENT
from wsocket.wamp.serializers.base import Payload, check_keys, no_form_for
from wsocket.wamp.serializers.item_by_item import ItemSerializer
from wsocket.wamp.serializers.payload_parts import first_byte

# The depth that msgspec and most receivers can still read.
_MAX_DEPTH = 400

_UNDEFINED = b"\xf7"

# Tags whose values cbor2 would convert to something costly or cyclic. Here they stay
# tags: bigfloats, rationals, shared references, string references, regular
# expressions, MIME messages, IP addresses.
_OPAQUE_TAGS = (4, 5, 25, 28, 29, 30, 35, 36, 52, 54, 256, 260, 261)


def _opaque(tag: int) -> Any:
    return lambda value, immutable: cbor2.CBORTag(tag, value)


_SEMANTIC_DECODERS = {tag: _opaque(tag) for tag in _OPAQUE_TAGS}


class _Reader:
    """Reads items one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._source = io.BytesIO(data)
        self._decoder = cbor2.CBORDecoder(
            self._source, max_depth=_MAX_DEPTH, semantic_decoders=_SEMANTIC_DECODERS
        )

    @property
    def position(self) -> int:
        return self._source.tell()

    def elements(self) -> Iterator[None]:
        return repeat(None, self._list_length())

    def value(self) -> Any:
        return self._decoder.decode()

    def complete(self) -> None:
        rest = len(self._data) - self.position
        if rest:
            raise ValueError(f"{rest} bytes follow the message")

    def _list_length(self) -> int:
        """Read the head of a list of at most 255 items."""
        head = self._source.read(1)
        if not head or head[0] >> 5 != 4:
            raise ValueError("expected a list")
        if head[0] == 0x98:
            return int.from_bytes(self._source.read(1), "big")
        if head[0] > 0x97:
            raise ValueError("a message is a list of definite length with few items")
        return head[0] & 0x1F


class Cbor(ItemSerializer):
    """CBOR (RFC 8949), with text and byte strings distinct."""

    name = "cbor"
    malformed = (cbor2.CBORDecodeError, ValueError, TypeError)

    def pieces(self, head: list[Any], parts: list[Raw]) -> list[bytes | Raw]:
        # A message has few items, so the length of the list is in its first byte.
        first = 0x80 | (len(head) + len(parts))
        return [bytes((first,)) + cbor2.dumps(head)[1:], *parts]

    def payload(self, args: Raw, kwargs: Raw) -> Payload:
        payload = super().payload(args, kwargs)
        if kwargs is not ABSENT:
            check_keys(self.unpack(kwargs))
        return payload

    def pack(self, value: Any) -> Raw:
        try:
            return Raw(cbor2.dumps(value, default=_no_form_for))
        except cbor2.CBOREncodeError as error:
            raise TypeError(str(error)) from error

    def _reader(self, data: bytes) -> _Reader:
        return _Reader(data)

    def _read_value(self, data: bytes) -> Any:
        value = super()._read_value(data)
        return _without_undefined(value) if _UNDEFINED in data else value

    def _is_list(self, part: Raw) -> bool:
        return first_byte(part) >> 5 == 4

    def _is_dict(self, part: Raw) -> bool:
        return first_byte(part) >> 5 == 5


def _without_undefined(value: Any) -> Any:
    """Replace JavaScript's ``undefined`` by null, also inside of lists and dicts.

    A procedure of autobahn.js that returns nothing answers ``undefined``, which other
    serializers do not have.
    """
    if value is cbor2.undefined:
        return None
    if isinstance(value, dict):
        return {key: _without_undefined(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_undefined(item) for item in value]
    return value


def _no_form_for(encoder: Any, value: Any) -> None:
    no_form_for(value)


CBOR = Cbor()
