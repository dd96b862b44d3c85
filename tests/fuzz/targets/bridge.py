"""Requests of the HTTP bridge: each is read, or refused with a text that can go out."""

from __future__ import annotations

from typing import Any

from tests.fuzz.byte_source import ByteSource
from wsocket.errors import HttpError
from wsocket.wamp.bridge.bodies import read_call, read_publish
from wsocket.wamp.bridge.query import read_listening
from wsocket.wamp.bridge.signature import authorization, read_claim
from wsocket.wamp.serializers.json import JSON

SECRET = b"of the fuzzer"
TIMEOUT = 60.0


def run_one(data: bytes) -> object:
    """One byte selects a reader; the rest is what it reads."""
    source = ByteSource(data)
    read = source.pick((publish, call, listen, claim))
    try:
        return read(source.rest())
    except HttpError as error:
        assert error.status == "400 Bad Request"
        assert error.problem.encode()
        return error.problem


def publish(data: bytes) -> object:
    wanted = read_publish(data, TIMEOUT)
    assert wanted.timeout == TIMEOUT
    return check_payload(wanted.message)


def call(data: bytes) -> object:
    wanted = read_call(data, TIMEOUT)
    assert 0 < wanted.timeout <= TIMEOUT
    return check_payload(wanted.message)


def check_payload(message: Any) -> object:
    """A session takes it without a complaint."""
    payload = JSON.payload(message.args, message.kwargs)
    assert len(payload.parts) <= 2
    return [bytes(part) for part in payload.parts]


def listen(data: bytes) -> object:
    query, _, last = data.partition(b"\n")
    environ = {
        "QUERY_STRING": query.decode("latin-1"),
        "HTTP_LAST_EVENT_ID": last.decode("latin-1"),
    }
    listening = read_listening(environ)
    listening.topic.encode()  # a session gets it; an empty one is for it to judge
    return listening


def claim(data: bytes) -> object:
    """What was read is what would be signed again."""
    try:
        found = read_claim(data.decode("latin-1"))
    except ValueError as error:
        assert str(error).startswith("Authorization")
        return str(error)
    assert not found.holds(SECRET, "POST", "/wamp/call", data)
    again = authorization(
        found.key,
        SECRET,
        method="POST",
        target="/wamp/call",
        body=data,
        timestamp=found.timestamp,
        nonce=found.nonce,
    )
    parsed = read_claim(again.partition(" ")[2])
    assert parsed[:3] == found[:3]
    assert parsed.holds(SECRET, "POST", "/wamp/call", data)
    return found
