"""``wamp.2.ubjson``: in the form of today's autobahn-python, BJData.

The older form has the same subprotocol and other bytes for the same numbers, so a
router cannot tell them apart and speaks one of them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from wsocket.errors import PayloadError
from wsocket.wamp.protocol.client_messages import ABSENT, ClientMessage
from wsocket.wamp.protocol.field_names import PAYLOAD_INDEX
from wsocket.wamp.protocol.router_messages import RouterMessage
from wsocket.wamp.serializers.base import Payload, refuse_value
from wsocket.wamp.serializers.bjdata import BjdataError, Reader, write
from wsocket.wamp.serializers.item_by_item import explain_items, message_of
from wsocket.wamp.serializers.payload_parts import first_byte

_BINARY = b"[$B"  # this is how a list begins that is none


class Ubjson:
    """UBJSON, with text and binary distinct."""

    name = "ubjson"
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
        except BjdataError as error:
            raise msgspec.DecodeError(f"UBJSON is malformed: {error}") from error
        return message_of(items, raws, kinds)

    def explain(self, error: Exception, data: str | bytes) -> str:
        if isinstance(error, RecursionError):
            return "message: nested too deeply"
        try:
            assert isinstance(data, bytes)
            items, _ = _split(data)
        except BjdataError:
            return f"message: {error}"
        return explain_items(error, items)

    def encode(self, message: list[Any]) -> bytes:
        head = [item for item in message if type(item) is not Raw]
        return b"".join(self.pieces(head, message[len(head) :]))

    def pieces(self, head: list[Any], parts: list[Raw]) -> list[bytes | Raw]:
        return [b"[" + b"".join(map(write, head)), *parts, b"]"]

    def payload(self, args: Raw, kwargs: Raw) -> Payload:
        if args is ABSENT:
            return Payload(self, [])
        if first_byte(args) != 0x5B or memoryview(args)[:3] == _BINARY:  # [
            raise PayloadError("Arguments: expected a list")
        if kwargs is ABSENT:
            return Payload(self, [args])
        if first_byte(kwargs) != 0x7B:  # {
            raise PayloadError("ArgumentsKw: expected a dict")
        return Payload(self, [args, kwargs])

    def unpack(self, part: Raw) -> Any:
        try:
            return Reader(bytes(part)).value()
        except BjdataError as error:
            raise msgspec.DecodeError(f"UBJSON is malformed: {error}") from error

    def pack(self, value: Any) -> Raw:
        plain = msgspec.to_builtins(  # dates and the like, as in JSON
            value,
            builtin_types=(bytes, bytearray, memoryview),
            str_keys=True,
            enc_hook=refuse_value,
        )
        return Raw(write(plain))


def _split(data: bytes) -> tuple[list[Any], list[Raw]]:
    """Read the items of a message; the payload's come back raw.

    Raises:
        BjdataError: *data* is not one list and nothing else.
    """
    reader = Reader(data)
    items: list[Any] = []
    raws: list[Raw] = []
    payload_index = len(data)  # there are fewer items than that
    for index, _ in enumerate(reader.elements()):
        start = reader.position
        item = reader.value()
        if index == 0 and type(item) is int:
            payload_index = PAYLOAD_INDEX.get(item, payload_index)
        if index >= payload_index:
            raws.append(Raw(data[start : reader.position]))
        else:
            items.append(item)
    reader.finish()
    return items, raws


UBJSON = Ubjson()
