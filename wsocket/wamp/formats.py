"""The serializers that are there: those of the package, and those of its extras."""

from __future__ import annotations

from importlib.util import find_spec

from wsocket.wamp.serializers import JSON, MESSAGEPACK, Serializer
from wsocket.wamp.ubjson import UBJSON

SERIALIZERS: list[Serializer] = [JSON, MESSAGEPACK, UBJSON]
if find_spec("cbor2") is not None:
    from wsocket.wamp.cbor import CBOR

    SERIALIZERS.append(CBOR)
