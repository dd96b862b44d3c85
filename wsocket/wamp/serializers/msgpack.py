"""``wamp.2.msgpack``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Raw

from wsocket.errors import PayloadError
from wsocket.wamp.protocol.client_messages import ABSENT, ClientMessage
from wsocket.wamp.protocol.router_messages import RouterMessage
from wsocket.wamp.serializers.base import (
    DECODE_ERRORS,
    Payload,
    check_keys,
    explain_with,
    no_form_for,
    not_utf8,
    without_nothing,
)
from wsocket.wamp.serializers.lenient import code_of, reread
from wsocket.wamp.serializers.payload_parts import first_byte, is_plain_msgpack
from wsocket.wamp.serializers.weights import weight_of_msgpack

# Used for every payload: compiled code finds final names faster than imported ones.
_ABSENT: Final = ABSENT
_first_byte: Final = first_byte
_is_plain_msgpack: Final = is_plain_msgpack


# The extension by which JavaScript's encoders write ``undefined``: its type, its data.
_UNDEFINED = ((0, b"\0"), (0, b""))


def _extension(kind: int, data: memoryview) -> None:
    """The value of an extension, which is the application's own; timestamps are not.

    Raises:
        msgspec.ValidationError: Nobody but the application knows it.
    """
    if (kind, bytes(data)) not in _UNDEFINED:
        problem = f"extension type {kind} has no form in other serializers"
        raise msgspec.ValidationError(problem)


class MessagePack:
    """``wamp.2.msgpack``."""

    name = "msgpack"
    binary = True

    def __init__(self) -> None:
        self.decode: Callable[[Any], ClientMessage] = msgspec.msgpack.Decoder(
            ClientMessage, ext_hook=_extension
        ).decode
        self.decode_from_router: Callable[[Any], RouterMessage] = (
            msgspec.msgpack.Decoder(RouterMessage, ext_hook=_extension).decode
        )
        self.encode: Callable[[list[Any]], bytes] = msgspec.msgpack.Encoder().encode
        self._encode_value = msgspec.msgpack.Encoder(enc_hook=no_form_for).encode
        self._items: Callable[[Any], list[Raw]] = msgspec.msgpack.Decoder(
            list[Raw]
        ).decode
        self._check_value: Callable[[Any], Any] = msgspec.msgpack.Decoder().decode
        self.unpack: Callable[[Raw], Any] = msgspec.msgpack.Decoder(
            ext_hook=_extension
        ).decode

    def reread(self, data: str | bytes, error: Exception) -> ClientMessage:
        return reread(self._items(data), self.unpack, error)

    def explain(self, error: Exception, data: str | bytes) -> str:
        return explain_with(error, lambda: code_of(self._items(data), self.unpack))

    def pieces(self, head: list[Any], parts: list[Raw]) -> list[bytes | Raw]:
        # A message has few items, so the length of the list is in its first byte.
        first = 0x90 | (len(head) + len(parts))
        return [bytes((first,)) + self.encode(head)[1:], *parts]

    def payload(self, args: Raw, kwargs: Raw) -> Payload:
        if args is _ABSENT:
            return Payload(self, [])
        first = _first_byte(args)
        if not (0x90 <= first <= 0x9F or first in (0xDC, 0xDD)):
            return without_nothing(self, args, kwargs, "Arguments: expected a list")
        if not _is_plain_msgpack(args):
            self._check("Arguments", args)
        if kwargs is _ABSENT:
            return Payload(self, [args])
        first = _first_byte(kwargs)
        if not (0x80 <= first <= 0x8F or first in (0xDE, 0xDF)):
            return without_nothing(self, args, kwargs, "ArgumentsKw: expected a dict")
        if not _is_plain_msgpack(kwargs):
            check_keys(self._check("ArgumentsKw", kwargs))
        return Payload(self, [args, kwargs])

    def _check(self, name: str, part: Raw) -> Any:
        """Decode a part: the decoder of the message did not check the UTF-8 in it."""
        try:
            return self._check_value(part)
        except UnicodeDecodeError as error:
            raise PayloadError(f"{name}: {not_utf8(error)}") from error
        except DECODE_ERRORS as error:
            raise PayloadError(f"{name}: {error}") from error

    def weight(self, part: Raw) -> int:
        return weight_of_msgpack(part)

    def pack(self, value: Any) -> Raw:
        return Raw(self._encode_value(value))


MESSAGEPACK = MessagePack()
