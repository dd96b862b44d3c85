"""Cheap checks on encoded payloads, in C and in Python."""

from __future__ import annotations

import msgpack
import msgspec
from msgspec import Raw

from tests.pure import in_python
from wsocket.wamp.serializers import payload_parts as installed
from wsocket.wamp.serializers import weights

C = "wsocket.wamp.serializers._payload_parts"
WEIGHTS = "wsocket.wamp.serializers._weights"
python = in_python(installed, without=C)
weights_in_python = in_python(weights, without=WEIGHTS)


def run_one(data: bytes) -> object:
    """Ask both about *data*; what is plain MessagePack, others must be able to read."""
    part = Raw(data)
    assert installed.size_of(part) == python.size_of(part) == len(data)
    if data:
        assert installed.first_byte(part) == python.first_byte(part) == data[0]
    else:
        for each in (installed, python):
            try:
                each.first_byte(part)
            except IndexError:
                continue
            raise AssertionError("there is no first byte")
    for name in ("json", "msgpack", "cbor"):
        weigh = f"weight_of_{name}"
        found = getattr(weights, weigh)(part)
        assert found == getattr(weights_in_python, weigh)(part)
    plain = installed.is_plain_msgpack(part)
    if plain:
        msgspec.msgpack.decode(part)
        msgpack.unpackb(data, strict_map_key=True)
    return plain
