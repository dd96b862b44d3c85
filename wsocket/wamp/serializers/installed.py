"""The serializers that the router speaks: some need an extra of the package.

A new one is entered here; for RawSocket also in `transports.rawsocket_frames`, where it
needs a number, and for our own clients in `wsocket.client.serializer_choice`."""

from __future__ import annotations

from importlib.util import find_spec

from wsocket.wamp.serializers.base import Serializer
from wsocket.wamp.serializers.json import JSON
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.serializers.ubjson import UBJSON

SERIALIZERS: list[Serializer] = [JSON, MESSAGEPACK, UBJSON]
if find_spec("cbor2") is not None:
    from wsocket.wamp.serializers.cbor import CBOR

    SERIALIZERS.append(CBOR)
