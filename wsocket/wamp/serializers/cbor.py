"""``wamp.2.cbor``, where the package cbor2 (the extra ``wsocket[cbor]``) is installed.

cbor2 reads the items of a message one by one, so a payload's bytes can be cut out of
it."""

from __future__ import annotations

import io
from typing import Any

import cbor2
import msgspec
from msgspec import Raw

from wsocket.errors import PayloadError
from wsocket.wamp.protocol.client_messages import ABSENT, ClientMessage
from wsocket.wamp.protocol.field_names import PAYLOAD_INDEX
from wsocket.wamp.protocol.router_messages import RouterMessage
from wsocket.wamp.serializers.base import Payload, check_keys, refuse_value
from wsocket.wamp.serializers.item_by_item import explain_items, message_of
from wsocket.wamp.serializers.payload_parts import first_byte

# The depth that msgspec and most receivers can still read.
_MAX_DEPTH = 400

# Tags that only wrap another item. cbor2 would build something costly or cyclic from
# these, and the router is not the one to build it: bigfloats, rationals, shared
# references, string references, regular expressions, MIME messages, IP addresses.
_OPAQUE_TAGS = (4, 5, 25, 28, 29, 30, 35, 36, 52, 54, 256, 260, 261)


def _opaque(tag: int) -> Any:
    return lambda value, immutable: cbor2.CBORTag(tag, value)


_UNDEFINED = b"\xf7"

_SEMANTIC_DECODERS = {tag: _opaque(tag) for tag in _OPAQUE_TAGS}


def _decoder(source: io.BytesIO) -> cbor2.CBORDecoder:
    return cbor2.CBORDecoder(
        source, max_depth=_MAX_DEPTH, semantic_decoders=_SEMANTIC_DECODERS
    )


class Cbor:
    """CBOR (RFC 8949), with text and byte strings distinct."""

    name = "cbor"
    binary = True

    def decode(self, data: str | bytes) -> ClientMessage:
        message: ClientMessage = self._decode(data, ClientMessage)
        return message

    def decode_from_router(self, data: str | bytes) -> RouterMessage:
        message: RouterMessage = self._decode(data, RouterMessage)
        return message

    def _decode(self, data: str | bytes, kinds: Any) -> Any:
        assert isinstance(data, bytes)
        try:
            items, raws = _split(data)
        except (cbor2.CBORDecodeError, ValueError, TypeError) as error:
            raise msgspec.DecodeError(f"CBOR is malformed: {error}") from error
        return message_of(items, raws, kinds)

    def explain(self, error: Exception, data: str | bytes) -> str:
        if isinstance(error, RecursionError):
            return "message: nested too deeply"
        try:
            assert isinstance(data, bytes)
            items, _ = _split(data)
        except (cbor2.CBORDecodeError, ValueError, TypeError):
            return f"message: {error}"
        return explain_items(error, items)

    def encode(self, message: list[Any]) -> bytes:
        head = [item for item in message if type(item) is not Raw]
        return b"".join(self.pieces(head, message[len(head) :]))

    def pieces(self, head: list[Any], parts: list[Raw]) -> list[bytes | Raw]:
        # A message has few items, so the length of the list is in its first byte.
        first = 0x80 | (len(head) + len(parts))
        return [bytes((first,)) + cbor2.dumps(head)[1:], *parts]

    def payload(self, args: Raw, kwargs: Raw) -> Payload:
        if args is ABSENT:
            return Payload(self, [])
        if first_byte(args) >> 5 != 4:
            raise PayloadError("Arguments: expected a list")
        if kwargs is ABSENT:
            return Payload(self, [args])
        if first_byte(kwargs) >> 5 != 5:
            raise PayloadError("ArgumentsKw: expected a dict")
        check_keys(self.unpack(kwargs))
        return Payload(self, [args, kwargs])

    def unpack(self, part: Raw) -> Any:
        try:
            value = _decoder(io.BytesIO(part)).decode()
        except (cbor2.CBORDecodeError, ValueError, TypeError) as error:
            raise msgspec.DecodeError(f"CBOR is malformed: {error}") from error
        return _without_undefined(value) if _UNDEFINED in bytes(part) else value

    def pack(self, value: Any) -> Raw:
        try:
            return Raw(cbor2.dumps(value, default=_refuse))
        except cbor2.CBOREncodeError as error:
            raise TypeError(str(error)) from error


def _without_undefined(value: Any) -> Any:
    """Replace JavaScript's ``undefined``, wherever it is, by the null that others have.

    It is what a procedure of autobahn.js answers that returns nothing.
    """
    if value is cbor2.undefined:
        return None
    if isinstance(value, dict):
        return {key: _without_undefined(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_undefined(item) for item in value]
    return value


def _refuse(encoder: Any, value: Any) -> None:
    refuse_value(value)


def _split(data: bytes) -> tuple[list[Any], list[Raw]]:
    """Read the items of a message; the payload's come back raw.

    Raises:
        ValueError: *data* is not one list and nothing else.
    """
    source = io.BytesIO(data)
    decoder = _decoder(source)
    length = _list_length(source)
    items: list[Any] = []
    raws: list[Raw] = []
    payload_index = length
    for index in range(length):
        start = source.tell()
        item = decoder.decode()
        if index == 0 and type(item) is int:
            payload_index = PAYLOAD_INDEX.get(item, length)
        if index >= payload_index:
            raws.append(Raw(data[start : source.tell()]))
        else:
            items.append(item)
    if source.tell() != len(data):
        raise ValueError(f"{len(data) - source.tell()} bytes follow the message")
    return items, raws


def _list_length(source: io.BytesIO) -> int:
    """Read the head of a list, which may have 255 items at most."""
    head = source.read(1)
    if not head or head[0] >> 5 != 4:
        raise ValueError("expected a list")
    if head[0] == 0x98:
        return int.from_bytes(source.read(1), "big")
    if head[0] > 0x97:
        raise ValueError("a message is a list of definite length with few items")
    return head[0] & 0x1F


CBOR = Cbor()
