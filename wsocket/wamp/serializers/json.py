"""``wamp.2.json``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Raw

from wsocket.wamp.protocol.client_messages import ABSENT, ClientMessage
from wsocket.wamp.protocol.router_messages import RouterMessage
from wsocket.wamp.serializers.base import (
    Payload,
    explain_with,
    no_form_for,
    without_nothing,
)
from wsocket.wamp.serializers.json_binary import from_json, to_json
from wsocket.wamp.serializers.lenient import code_of, reread
from wsocket.wamp.serializers.payload_parts import first_byte
from wsocket.wamp.serializers.weights import weight_of_json

# Used for every payload: compiled code finds final names faster than imported ones.
_ABSENT: Final = ABSENT
_first_byte: Final = first_byte

_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_MAX_LONE = 1000  # a text with more of them was not cut by mistake
# `re` compiles it when it is needed: that takes milliseconds, and few peers write this.
_LONE_SURROGATE = rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW)


def without_lone_surrogates(text: bytes) -> bytes:
    """JSON with U+FFFD in place of each half of a character that is written alone.

    ECMAScript writes ``"\\ud83d"`` for a text that was cut inside an emoji. It is JSON
    (RFC 8259, section 8.2), but no Unicode: no other serializer can have it.
    """
    if rb"\u" not in text:
        return text
    # An escaped backslash is no beginning of an escape: hide it for a moment. JSON has
    # no NUL, except escaped.
    hidden = text.replace(b"\0", b"\1").replace(rb"\\", b"\0\0")
    corrected = re.sub(_LONE_SURROGATE, rb"\\ufffd", hidden, count=_MAX_LONE)
    return corrected.replace(b"\0\0", rb"\\")


class Json:
    """``wamp.2.json``: a binary value is a string, a NUL followed by Base64 (Basic
    Profile, "Binary conversion of JSON Strings")."""

    name = "json"
    binary = False

    def __init__(self) -> None:
        self.decode: Callable[[Any], ClientMessage] = msgspec.json.Decoder(
            ClientMessage
        ).decode
        self.decode_from_router: Callable[[Any], RouterMessage] = msgspec.json.Decoder(
            RouterMessage
        ).decode
        self.encode: Callable[[list[Any]], bytes] = msgspec.json.Encoder().encode
        self._encode_value = msgspec.json.Encoder(enc_hook=no_form_for).encode
        self._items: Callable[[Any], list[Raw]] = msgspec.json.Decoder(list[Raw]).decode

    def reread(self, data: str | bytes, error: Exception) -> ClientMessage:
        return reread(self._forgiven(data), msgspec.json.decode, error)

    def explain(self, error: Exception, data: str | bytes) -> str:
        return explain_with(
            error, lambda: code_of(self._forgiven(data), msgspec.json.decode)
        )

    def _forgiven(self, data: str | bytes) -> list[Raw]:
        """The items of a message, without lone surrogates."""
        encoded = data.encode() if isinstance(data, str) else data
        return self._items(without_lone_surrogates(encoded))

    def pieces(self, head: list[Any], parts: list[Raw]) -> list[bytes | Raw]:
        pieces: list[bytes | Raw] = [self.encode(head)[:-1]]
        for part in parts:
            pieces += (b",", part)
        pieces.append(b"]")
        return pieces

    def payload(self, args: Raw, kwargs: Raw) -> Payload:
        if args is _ABSENT:
            return Payload(self, [])
        if _first_byte(args) != 0x5B:  # [
            return without_nothing(self, args, kwargs, "Arguments: expected a list")
        if kwargs is _ABSENT:
            return Payload(self, [args])
        if _first_byte(kwargs) != 0x7B:  # {
            return without_nothing(self, args, kwargs, "ArgumentsKw: expected a dict")
        return Payload(self, [args, kwargs])

    def unpack(self, part: Raw) -> Any:
        value = msgspec.json.decode(part)
        # Without this escape, no string can begin with the NUL that marks binary.
        return from_json(value) if b"\\u0000" in bytes(part) else value

    def weight(self, part: Raw) -> int:
        return weight_of_json(part)

    def pack(self, value: Any) -> Raw:
        return Raw(self._encode_value(to_json(value)))


JSON = Json()
