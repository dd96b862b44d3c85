"""Messages to and from bytes, in each serializer that is installed."""

from __future__ import annotations

import pytest

from wsocket.wamp.protocol.client_messages import Call
from wsocket.wamp.serializers.installed import SERIALIZERS

PAYLOAD = "x" * 64

each_serializer = pytest.mark.parametrize(
    "serializer", SERIALIZERS, ids=lambda each: each.name
)


def call_in(serializer):
    """A CALL as a client sends it."""
    data = serializer.encode([48, 7, {}, "com.example.procedure", [PAYLOAD]])
    return data if serializer.binary else data.decode()


@each_serializer
def test_decode_call(benchmark, serializer):
    """A CALL, and the check of its payload."""
    data = call_in(serializer)

    def decode():
        message = serializer.decode(data)
        return message, serializer.payload(message.args, message.kwargs)

    message, payload = benchmark(decode)
    assert isinstance(message, Call)
    assert payload.values() == ([PAYLOAD], {})


@each_serializer
def test_encode_result(benchmark, serializer):
    """A RESULT with a payload that came in the same serializer."""
    message = serializer.decode(call_in(serializer))
    payload = serializer.payload(message.args, message.kwargs)

    def encode():
        return serializer.encode([50, 7, {}, *payload.to(serializer)])

    assert PAYLOAD.encode() in benchmark(encode)
