"""Serializers that msgspec does not have: messages are read item by item."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

import msgspec
from msgspec import Raw

from wsocket.errors import PayloadError
from wsocket.wamp.protocol.client_messages import ABSENT, ClientMessage
from wsocket.wamp.protocol.field_names import PAYLOAD_INDEX, explain
from wsocket.wamp.protocol.router_messages import RouterMessage
from wsocket.wamp.serializers.base import Payload


class ItemReader(Protocol):
    """Reads a message, which is a list, and stops at each item.

    All methods raise what `ItemSerializer.malformed` lists.
    """

    @property
    def position(self) -> int:
        """Where the next item begins, in bytes."""

    def elements(self) -> Iterator[None]:
        """Open the list, and stop at each item."""

    def value(self) -> Any:
        """Read one item."""

    def complete(self) -> None:
        """Check that no bytes follow the message."""


class ItemSerializer(ABC):
    """A `Serializer` for which a payload is cut out of the bytes of its message.

    Attributes:
        malformed: What reading raises for bytes that are not of this format.
    """

    name: str
    binary = True
    malformed: ClassVar[tuple[type[Exception], ...]]

    def decode(self, data: str | bytes) -> ClientMessage:
        message: ClientMessage = self._decode(data, ClientMessage)
        return message

    def decode_from_router(self, data: str | bytes) -> RouterMessage:
        message: RouterMessage = self._decode(data, RouterMessage)
        return message

    def explain(self, error: Exception, data: str | bytes) -> str:
        if isinstance(error, RecursionError):
            return "message: nested too deeply"
        try:
            items, _ = self._split(data)
        except self.malformed:
            return f"message: {error}"
        if _is_huge(items[:1]):
            return "unknown message type"
        return explain(str(error), items[0] if items else None)

    def encode(self, message: list[Any]) -> bytes:
        head = [item for item in message if type(item) is not Raw]
        return b"".join(self.pieces(head, message[len(head) :]))

    @abstractmethod
    def pieces(self, head: list[Any], parts: list[Raw]) -> list[bytes | Raw]:
        """See `Serializer.pieces`."""

    def payload(self, args: Raw, kwargs: Raw) -> Payload:
        if args is ABSENT:
            return Payload(self, [])
        if not self._is_list(args):
            raise PayloadError("Arguments: expected a list")
        if kwargs is ABSENT:
            return Payload(self, [args])
        if not self._is_dict(kwargs):
            raise PayloadError("ArgumentsKw: expected a dict")
        return Payload(self, [args, kwargs])

    def unpack(self, part: Raw) -> Any:
        try:
            return self._read_value(bytes(part))
        except self.malformed as error:
            raise self._decode_error(error) from error

    @abstractmethod
    def pack(self, value: Any) -> Raw:
        """See `Serializer.pack`."""

    @abstractmethod
    def _reader(self, data: bytes) -> ItemReader:
        """Read *data*."""

    def _read_value(self, data: bytes) -> Any:
        """Read one value; raises what `malformed` lists."""
        return self._reader(data).value()

    @abstractmethod
    def _is_list(self, part: Raw) -> bool:
        """Whether *part* is a list, by its first bytes."""

    @abstractmethod
    def _is_dict(self, part: Raw) -> bool:
        """Whether *part* is a dict, by its first bytes."""

    def _decode(self, data: str | bytes, kinds: Any) -> Any:
        """Read a message.

        Args:
            kinds: What it may be: `ClientMessage` or `RouterMessage`.

        Raises:
            msgspec.MsgspecError: It is malformed or not legal; `explain` says why.
        """
        try:
            items, raws = self._split(data)
        except self.malformed as error:
            raise self._decode_error(error) from error
        if _is_huge(items[:1]):
            raise msgspec.DecodeError("message: unknown message type")
        message = msgspec.convert(items, kinds)
        if raws:
            message.args = raws[0]
        if len(raws) > 1:
            message.kwargs = raws[1]
        return message

    def _decode_error(self, error: Exception) -> msgspec.DecodeError:
        return msgspec.DecodeError(f"{self.name.upper()} is malformed: {error}")

    def _split(self, data: str | bytes) -> tuple[list[Any], list[Raw]]:
        """Read the items of a message; those of the payload stay as they are."""
        assert isinstance(data, bytes)
        reader = self._reader(data)
        items: list[Any] = []
        raws: list[Raw] = []
        payload_index = len(data)  # a message has fewer items than bytes
        for index, _ in enumerate(reader.elements()):
            start = reader.position
            item = reader.value()
            if index == 0 and type(item) is int:
                payload_index = PAYLOAD_INDEX.get(item, payload_index)
            if index >= payload_index:
                raws.append(Raw(data[start : reader.position]))
            else:
                items.append(item)
        reader.complete()
        return items, raws


def _is_huge(code: list[Any]) -> bool:
    """Whether this is a number with too many digits for Python to print."""
    return bool(code) and type(code[0]) is int and code[0].bit_length() > 64
