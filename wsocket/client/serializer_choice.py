"""The serializer of a client, by name; only that one is imported."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from wsocket.project import installation
from wsocket.wamp.serializers.base import Serializer

_HOMES = {"json": "JSON", "msgpack": "MESSAGEPACK", "cbor": "CBOR"}

SERIALIZERS = tuple(_HOMES)
"""The names of those that a client can choose."""


def serializer_named(name: str) -> Serializer:
    """One of ``json``, ``msgpack`` and ``cbor``.

    Raises:
        ValueError: *name* is none of these.
        ImportError: It needs an extra of the package.
    """
    if name not in _HOMES:
        expected = ", ".join(map(repr, _HOMES))
        raise ValueError(f"serializer: expected one of {expected}, got {name!r}")
    if name == "cbor" and find_spec("cbor2") is None:
        raise ImportError(
            f"the serializer 'cbor' needs the package cbor2: {installation('cbor')}"
        )
    module = import_module(f"wsocket.wamp.serializers.{name}")
    serializer: Serializer = getattr(module, _HOMES[name])
    return serializer
