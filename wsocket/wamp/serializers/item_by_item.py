"""Serializers that msgspec does not have: messages are read item by item."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar, Protocol

import msgspec
from msgspec import Raw

from wsocket.wamp.protocol.client_messages import ABSENT, ClientMessage
from wsocket.wamp.protocol.field_names import PAYLOAD_INDEX, explain
from wsocket.wamp.protocol.router_messages import RouterMessage
from wsocket.wamp.serializers.base import Payload, total_size, without_nothing
from wsocket.wamp.serializers.lenient import CLIENT, ROUTER, Side, message_of


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

    def skip(self) -> None:
        """Read one item without making sense of it."""

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
        message: ClientMessage = self._decode(data, CLIENT)
        return message

    def reread(self, data: str | bytes, error: Exception) -> ClientMessage:
        raise error  # `decode` is as lenient: it reads item by item in any case

    def decode_from_router(self, data: str | bytes) -> RouterMessage:
        message: RouterMessage = self._decode(data, ROUTER)
        return message

    def explain(self, error: Exception, data: str | bytes) -> str:
        if isinstance(error, RecursionError):
            return "message: nested too deeply"
        items: list[Any] = []
        with suppress(msgspec.DecodeError):  # *error* says it already
            self._split(data, items, [])
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
            problem = "Arguments: expected a list"
            return without_nothing(self, args, kwargs, problem)
        if kwargs is ABSENT:
            return Payload(self, [args])
        if not self._is_dict(kwargs):
            problem = "ArgumentsKw: expected a dict"
            return without_nothing(self, args, kwargs, problem)
        return Payload(self, [args, kwargs])

    def unpack(self, part: Raw) -> Any:
        try:
            return self._read_value(bytes(part))
        except self.malformed as error:
            raise msgspec.DecodeError(self._problem(error)) from error

    @abstractmethod
    def pack(self, value: Any) -> Raw:
        """See `Serializer.pack`."""

    def weight(self, part: Raw) -> int:
        return 0  # there was not too much when the message was read

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

    def _decode(self, data: str | bytes, side: Side) -> Any:
        """Read a message.

        Args:
            side: Who has sent it.

        Raises:
            msgspec.MsgspecError: It is malformed or not legal; `explain` says why.
        """
        items: list[Any] = []
        raws: list[Raw] = []
        self._split(data, items, raws)
        if _is_huge(items[:1]):
            raise msgspec.DecodeError("message: unknown message type")
        return message_of(items, raws, side, size=len(data) - total_size(raws))

    def _problem(self, error: Exception) -> str:
        """What an exception of `malformed` means."""
        return f"{self.name.upper()} is malformed: {error}"

    def _split(self, data: str | bytes, items: list[Any], raws: list[Raw]) -> None:
        """Read the items of a message; those of the payload stay as they are.

        Raises:
            msgspec.DecodeError: The item after those in *items* and *raws* is
                malformed, or the whole is.
        """
        assert isinstance(data, bytes)
        try:
            self._read_items(self._reader(data), data, items, raws)
        except self.malformed as error:
            index = len(items) + len(raws)
            where = f" - at `$[{index}]`" if index else ""
            raise msgspec.DecodeError(f"{self._problem(error)}{where}") from error

    def _read_items(
        self, reader: ItemReader, data: bytes, items: list[Any], raws: list[Raw]
    ) -> None:
        payload_index = len(data)  # a message has fewer items than bytes
        for index, _ in enumerate(reader.elements()):
            if index >= payload_index:
                start = reader.position
                reader.skip()
                raws.append(Raw(data[start : reader.position]))
                continue
            items.append(reader.value())
            if index == 0 and type(items[0]) is int:
                payload_index = PAYLOAD_INDEX.get(items[0], payload_index)
        reader.complete()


def _is_huge(code: list[Any]) -> bool:
    """Whether this is a number with too many digits for Python to print."""
    return bool(code) and type(code[0]) is int and code[0].bit_length() > 64
