"""Batches of WAMP messages: they are split as they were joined, or refused."""

from __future__ import annotations

from tests.fuzz.byte_source import ByteSource
from wsocket.errors import BatchError
from wsocket.wamp.serializers.batching import (
    PREFIXED,
    SEPARATED,
    SEPARATED_BY_AUTOBAHN,
)

TEXT = (SEPARATED, SEPARATED_BY_AUTOBAHN)


def run_one(data: bytes) -> object:
    """Split a batch of text or of bytes."""
    source = ByteSource(data)
    batching = source.pick((PREFIXED, *TEXT))
    content = source.rest()
    batch = content.decode("utf-8", "replace") if batching in TEXT else content
    try:
        messages = batching.split(batch)
    except BatchError as error:
        return str(error)
    assert messages
    encoded = [each.encode() if batching in TEXT else each for each in messages]
    joined = batching.join(encoded)
    assert joined == (batch.encode() if batching in TEXT else batch)
    return messages
