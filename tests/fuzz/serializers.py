"""What holds for each serializer, whatever bytes it reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from wsocket.errors import PayloadError
from wsocket.wamp.protocol.client_messages import EVENT
from wsocket.wamp.serializers.base import DECODE_ERRORS, Payload, Serializer
from wsocket.wamp.serializers.installed import SERIALIZERS

LONGEST_EXPLANATION = 1000  # characters

# With values of these, another serializer has the same value.
PLAIN = (str, int, float, bool, type(None))


def read(serializer: Serializer, data: bytes) -> object:
    """Read a message, and write its payload in each serializer.

    Returns:
        The message and its payload in each of them, or what is wrong.
    """
    text = data if serializer.binary else data.decode("utf-8", "replace")
    try:
        message = serializer.decode(text)
    except DECODE_ERRORS as error:
        explanation = serializer.explain(error, text)
        assert len(explanation) <= LONGEST_EXPLANATION
        explanation.encode()  # it goes into an ABORT
        return explanation
    if not hasattr(message, "args"):
        return message
    try:
        payload = serializer.payload(message.args, message.kwargs)
    except PayloadError as error:
        str(error).encode()
        return str(error)
    return [type(message).__name__, *converted(payload)]


def converted(payload: Payload) -> Iterator[object]:
    """The payload in each serializer, which must be able to read it again."""
    for receiver in SERIALIZERS:
        try:
            parts = payload.to(receiver)
        except PayloadError as error:
            str(error).encode()
            yield str(error)
            continue
        check_message(receiver, parts)
        if receiver is not payload.serializer:
            check_values(payload, Payload(receiver, parts))
        yield [bytes(part) for part in parts]


def check_message(receiver: Serializer, parts: list[msgspec.Raw]) -> None:
    """A receiver reads an EVENT with these parts, byte for byte."""
    encoded = receiver.encode([EVENT, 1, 2, {}, *parts])
    assert b"".join(map(bytes, receiver.pieces([EVENT, 1, 2, {}], parts))) == encoded
    text = encoded if receiver.binary else encoded.decode()
    event: Any = receiver.decode_from_router(text)
    found = [each for each in (event.args, event.kwargs) if bytes(each)]
    assert list(map(bytes, found)) == list(map(bytes, parts))


def check_values(sent: Payload, received: Payload) -> None:
    """The values are the same, as far as every serializer has them."""
    before, after = sent.values(), received.values()
    if all(map(is_plain, before)):
        assert json.dumps(after, sort_keys=True) == json.dumps(before, sort_keys=True)


def is_plain(value: Any) -> bool:
    """Whether JSON has all of *value*, and no string stands for something else."""
    if isinstance(value, dict):
        return all(type(key) is str and is_plain(value[key]) for key in value)
    if isinstance(value, list):
        return all(map(is_plain, value))
    if isinstance(value, str):
        return not value.startswith("\0")
    return type(value) in PLAIN
