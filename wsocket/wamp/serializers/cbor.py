"""``wamp.2.cbor``, with the package cbor2 (the extra ``wsocket[cbor]``)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import cbor2
from msgspec import Raw

from wsocket.wamp.serializers.base import no_form_for, not_utf8
from wsocket.wamp.serializers.cbor_tags import DECODERS, IGNORING, NoForm, refuse_tag
from wsocket.wamp.serializers.item_by_item import ItemReader, ItemSerializer
from wsocket.wamp.serializers.payload_parts import first_byte
from wsocket.wamp.serializers.weights import (
    LEAST_WEIGHED,
    MAX_READ_WEIGHT,
    weight_of_cbor,
)

# The depth that msgspec and most receivers can still read.
_MAX_DEPTH = 400

# A message may begin with this tag, 55799, which says that it is CBOR.
_SELF_DESCRIBED = b"\xd9\xd9\xf7"

# The first bytes of undefined and of simple values; they may be parts of text, too.
_UNUSUAL = re.compile(rb"[\xe0-\xf3\xf7\xf8]")

_USUAL = frozenset((int, float, str, bytes, bool, type(None)))


class _Reader:
    """Reads items one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._skipped = 0
        self._source = io.BytesIO(data)
        if data.startswith(_SELF_DESCRIBED):
            self._source.seek(len(_SELF_DESCRIBED))
        self._decoder = cbor2.CBORDecoder(
            self._source,
            max_depth=_MAX_DEPTH,
            semantic_decoders=DECODERS,
            tag_hook=refuse_tag,
        )
        self._skipping = cbor2.CBORDecoder(
            self._source, max_depth=_MAX_DEPTH, semantic_decoders=IGNORING
        )

    @property
    def position(self) -> int:
        return self._source.tell()

    def elements(self) -> Iterator[None]:
        return repeat(None, self._list_length())

    def value(self) -> Any:
        start = self.position
        value = self._decoder.decode()
        if _UNUSUAL.search(self._data, start, self.position):
            return _usual(value)
        return value

    def skip(self) -> None:
        """Read an item without its tags, and without making sense of the rest.

        Raises:
            NoForm: It is the second one, ArgumentsKw, and has keys that are no text.
        """
        value = self._skipping.decode()
        self._skipped += 1
        if self._skipped == 2 and isinstance(value, dict):
            for key in value:
                if type(key) is not str:
                    raise NoForm(f"expected `str` keys, got `{type(key).__name__}`")

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

    def pack(self, value: Any) -> Raw:
        try:
            return Raw(cbor2.dumps(value, default=_no_form_for))
        except cbor2.CBOREncodeError as error:
            raise TypeError(str(error)) from error

    def weight(self, part: Raw) -> int:
        return weight_of_cbor(part) * 5 // 4  # to find its end it was read, too

    def _reader(self, data: bytes) -> _Reader:
        return _Reader(data)

    def _read_items(
        self, reader: ItemReader, data: bytes, items: list[Any], raws: list[Raw]
    ) -> None:
        if len(data) > LEAST_WEIGHED:
            weight = weight_of_cbor(data)
            if weight > MAX_READ_WEIGHT:
                raise ValueError(
                    "it would take too long to read: expected a weight of at most "
                    f"{MAX_READ_WEIGHT}, got {weight} (integers weigh 1, texts and "
                    "keys 3, floats 4, lists and dicts 8, binary values and tags 16)"
                )
        super()._read_items(reader, data, items, raws)

    def _problem(self, error: Exception) -> str:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, NoForm):
                return str(cause)
            if isinstance(cause, UnicodeDecodeError):
                return not_utf8(cause)
            cause = cause.__cause__
        return super()._problem(error)

    def _is_list(self, part: Raw) -> bool:
        return first_byte(part) >> 5 == 4

    def _is_dict(self, part: Raw) -> bool:
        return first_byte(part) >> 5 == 5


def _usual(value: Any) -> Any:
    """Replace JavaScript's ``undefined`` by null, also inside of lists and dicts.

    A procedure of autobahn.js that returns nothing answers ``undefined``, which other
    serializers do not have.

    Raises:
        NoForm: There is a simple value, which they have not either.
    """
    if value is cbor2.undefined:
        return None
    if isinstance(value, cbor2.CBORSimpleValue):
        problem = f"CBOR simple value {value.value} has no form in other serializers"
        raise NoForm(problem)
    if isinstance(value, dict):
        return {_usual(key): _usual(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        if _USUAL.issuperset(map(type, value)):  # a long list of numbers, perhaps
            return value
        return type(value)(
            [each if type(each) in _USUAL else _usual(each) for each in value]
        )
    return value


def _no_form_for(encoder: Any, value: Any) -> None:
    no_form_for(value)


CBOR = Cbor()
