"""``wamp.2.ubjson``: as today's autobahn-python writes it, which is BJData.

The older UBJSON uses the same subprotocol but other bytes for the same numbers. A
router cannot tell the two apart, so it has to choose one."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from wsocket.wamp.serializers.base import no_form_for
from wsocket.wamp.serializers.bjdata import BjdataError, Reader, write
from wsocket.wamp.serializers.item_by_item import ItemSerializer
from wsocket.wamp.serializers.payload_parts import first_byte

_BINARY = b"[$B"  # begins like a list, but is a binary value


class Ubjson(ItemSerializer):
    """UBJSON, with text and binary distinct."""

    name = "ubjson"
    malformed = (BjdataError,)

    def pieces(self, head: list[Any], parts: list[Raw]) -> list[bytes | Raw]:
        return [b"[" + b"".join(map(write, head)), *parts, b"]"]

    def pack(self, value: Any) -> Raw:
        plain = msgspec.to_builtins(  # dates and the like become text, as in JSON
            value,
            builtin_types=(bytes, bytearray, memoryview),
            str_keys=True,
            enc_hook=no_form_for,
        )
        return Raw(write(plain))

    def _reader(self, data: bytes) -> Reader:
        return Reader(data)

    def _is_list(self, part: Raw) -> bool:
        return first_byte(part) == 0x5B and memoryview(part)[:3] != _BINARY  # [

    def _is_dict(self, part: Raw) -> bool:
        return first_byte(part) == 0x7B  # {


UBJSON = Ubjson()
