"""The specification's own test vectors: bytes, verdicts, and a conversation."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from tests.programs import need
from tests.wamp.protocol.vectors import (
    PUBLISHER_EXCLUSION,
    SERIALIZED,
    TESTSUITE,
    VALIDATED,
    Sample,
    each_of,
    written,
)
from tests.wamp.raw_client import (
    EVENT,
    FORMATS,
    GOODBYE,
    PUBLISH,
    PUBLISHED,
    SUBSCRIBED,
)
from tests.wamp.servers import on_every_server
from wsocket.errors import PayloadError
from wsocket.wamp.protocol.client_messages import ABSENT, Fields
from wsocket.wamp.serializers.base import DECODE_ERRORS, Serializer, is_opaque
from wsocket.wamp.serializers.installed import SERIALIZERS

every_serializer = pytest.mark.parametrize(
    "serializer", SERIALIZERS, ids=lambda each: each.name
)

# Who sends what; ABORT, GOODBYE and ERROR go both ways.
BY_CLIENTS = {1, 3, 5, 6, 8, 16, 32, 34, 337, 48, 49, 64, 66, 70}
BY_ROUTERS = {2, 3, 4, 6, 8, 17, 33, 35, 36, 50, 65, 67, 68, 69}

# Message code -> index of Arguments.
PAYLOAD_INDEX = {3: 3, 8: 5, 16: 4, 36: 4, 48: 4, 50: 3, 68: 4, 70: 3}

# What the vectors call fields that have a shorter name here.
RENAMED = {
    "request_id": "request",
    "session_id": "session",
    "publication_id": "publication",
    "subscription_id": "subscription",
    "registration_id": "registration",
}


@pytest.fixture(autouse=True)
def _vectors():
    need(TESTSUITE.is_dir(), "wamp-proto's testsuite")


def decoders(serializer: Serializer, code: int) -> list[Any]:
    """Those that must know a message: the router's, a client's, or both."""
    found: list[Any] = [serializer.decode] if code in BY_CLIENTS else []
    return found + ([serializer.decode_from_router] if code in BY_ROUTERS else [])


def wire(serializer: Serializer, data: bytes) -> str | bytes:
    return data if serializer.binary else data.decode()


def plain(value: Any) -> Any:
    """A decoded field as the vectors write it: only keys that are there."""
    if isinstance(value, Fields):
        # Not those with their default: no sample sends a default.
        return {
            field.name: plain(getattr(value, field.name))
            for field in msgspec.structs.fields(value)
            if getattr(value, field.name) != field.default
        }
    return [plain(each) for each in value] if isinstance(value, list) else value


def attributes(serializer: Serializer, message: Any) -> dict[str, Any]:
    """All fields of a decoded message; None for what is not there."""
    found = {"message_type": message.__struct_config__.tag}
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if name in ("args", "kwargs"):
            value = None if value is ABSENT else serializer.unpack(value)
        found[name] = plain(value)
    if isinstance(found.get("args"), bytes):
        found["payload"], found["args"] = found["args"].hex(), None
    return {name: value for name, value in found.items() if value is not None}


def expected(sample: Sample) -> dict[str, Any]:
    """What the vector expects, with our names."""
    found = {
        RENAMED.get(name, name): value
        for name, value in sample.content["expected_attributes"].items()
        if value is not None
    }
    if "roles" in found:
        found["details"] = {"roles": found.pop("roles")}
    return found


def in_order(value: Any) -> str:
    """A text that is the same for dicts with the same items."""
    return json.dumps(value, sort_keys=True)


@every_serializer
@each_of(SERIALIZED)
def test_serialized_message_is_decoded_to_what_the_vector_expects(serializer, sample):
    """Every variant; of UBJSON's two mutually exclusive dialects at least one."""
    wanted = in_order(expected(sample))
    read = []
    for variant in sample.content["serializers"][serializer.name]:
        for decode in decoders(serializer, sample.code):
            try:
                message = decode(wire(serializer, written(variant)))
            except DECODE_ERRORS:
                assert serializer.name == "ubjson"
                continue
            read.append(in_order(attributes(serializer, message)))
    if serializer.name == "ubjson":
        assert wanted in read
    else:
        assert read
        assert set(read) == {wanted}


@every_serializer
@each_of(SERIALIZED)
def test_encoded_message_is_one_of_the_variants_of_the_vector(serializer, sample):
    """What the JSON variant says, written by us."""
    variants = [
        written(each) for each in sample.content["serializers"][serializer.name]
    ]
    [*_, compact] = sample.content["serializers"]["json"]
    message = json.loads(written(compact))
    index = PAYLOAD_INDEX.get(sample.code, len(message))
    head, payload = message[:index], message[index:]
    if payload and isinstance(payload[0], str):  # the JSON form of a binary value
        assert payload[0][0] == "\0"
        payload = [base64.b64decode(payload[0][1:])]
    encoded = serializer.encode([*head, *(serializer.pack(each) for each in payload)])
    assert encoded in variants


def complaint(serializer: Serializer, data: str | bytes, code: int) -> str | None:
    """Why a message is a protocol violation; None when it is not."""
    [decode] = decoders(serializer, code)
    try:
        message = decode(data)
        fields = message.details if code == EVENT else message.options
        if hasattr(message, "args") and not (
            fields.enc_algo and is_opaque(serializer, message.args)
        ):
            serializer.payload(message.args, message.kwargs)
    except DECODE_ERRORS as error:
        return serializer.explain(error, data)
    except PayloadError as error:
        return str(error)
    return None


def check_verdict(sample: Sample, said: str | None) -> None:
    """A violation where one is expected, which names the key; nothing elsewhere."""
    error = sample.content.get("expected_error")
    if error is None:
        assert said is None
    else:
        assert error["type"] == "protocol_violation"
        assert said is not None
        assert error["contains"] in said


@every_serializer
@each_of(VALIDATED)
def test_verdict_on_a_message_is_the_one_of_the_vector(serializer, sample):
    """Known keys are typed, whoever receives them."""
    data = FORMATS[serializer.name].dumps(sample.content["wmsg"])
    check_verdict(sample, complaint(serializer, data, sample.code))


@each_of([each for each in VALIDATED if each.code in BY_CLIENTS])
def test_session_goes_on_unless_the_vector_expects_a_violation(
    join, serializer, sample
):
    """Over the wire: ABORT, or the answer to a legal request."""
    client = join(serializer)
    client.send(*sample.content["wmsg"])
    if "expected_error" in sample.content:
        # Never looked at after a violation; otherwise it ends the wait for one.
        client.send(GOODBYE, {}, "com.example.was_not_refused")
        check_verdict(sample, client.aborted())
        return
    answers = [each[:2] for each in client.until_now()]
    request, options = sample.content["wmsg"][1:3]
    if sample.code != PUBLISH:
        assert answers == [[SUBSCRIBED, request]]
    elif options.get("acknowledge"):
        assert answers == [[PUBLISHED, request]]
    else:
        assert answers == []


@pytest.mark.parametrize("payload", [b"\x83\xa5", "g6Vj"], ids=["binary", "text"])
def test_transparent_payload_is_refused_without_an_abort(join, serializer, payload):
    """`enc_algo` makes it legal; that the router cannot pass it on, it says."""
    if serializer == "json" and isinstance(payload, bytes):
        payload = "\0" + base64.b64encode(payload).decode()
    client, listener = join(serializer), join(serializer)
    topic = "com.example.transparent"
    listener.subscribe(topic)
    options = {"enc_algo": "cryptobox", "acknowledge": True}
    answer = client.request(PUBLISH, options, topic, payload)
    assert answer[4] == "wamp.error.feature_not_supported"
    assert "ppt_scheme" in answer[5][0]
    client.send(PUBLISH, client.next_request(), {"enc_algo": "x_mine"}, topic, payload)
    assert client.until_now() == []
    assert listener.until_now() == []
    client.send(PUBLISH, client.next_request(), {}, topic, payload)
    assert client.aborted().startswith("PUBLISH.Arguments: expected a list")


@pytest.mark.parametrize("payload", [5, {"a": 1}, True])
def test_transparent_payload_of_another_type_is_a_violation(join, serializer, payload):
    """A string or a binary value, nothing else."""
    client = join(serializer)
    client.send(PUBLISH, 1, {"enc_algo": "mqtt"}, "com.example.topic", payload)
    assert client.aborted().startswith("PUBLISH.Arguments: expected a list")


def test_encryption_key_does_not_make_a_list_opaque(join, serializer, uri):
    """An ordinary payload is delivered, whatever `enc_algo` says about it."""
    client, listener = join(serializer), join(serializer)
    listener.subscribe(uri)
    client.publish(uri, ["x"], enc_algo="cryptobox", enc_serializer="json")
    [event] = listener.until_now()
    assert event[3:] == [{}, ["x"]]


def test_no_sample_is_left_out():
    """The counts of the version that `tools/fetch_vectors.py` fetches."""
    assert len(SERIALIZED) >= 35
    assert len(VALIDATED) >= 67
    violations = [each for each in VALIDATED if "expected_error" in each.content]
    assert len(violations) >= 28
    assert {each.code for each in SERIALIZED} == BY_CLIENTS | BY_ROUTERS


# A conversation

LAYOUTS = {
    "SUBSCRIBE": (32, "request_id", "options", "topic"),
    "SUBSCRIBED": (33, "request_id", "subscription_id"),
    "PUBLISH": (16, "request_id", "options", "topic", "args", "kwargs"),
    "EVENT": (36, "subscription_id", "publication_id", "details", "args", "kwargs"),
}
# The router chooses these: the same number in the file, the same number here.
CHOSEN = ("subscription_id", "publication_id")


def laid_out(message: dict[str, Any]) -> list[Any]:
    code, *names = LAYOUTS[message["type"]]
    return [code, *(message[name] for name in names if name in message)]


def check_step(wanted: dict[str, Any], got: list[Any], numbers: dict[Any, int]) -> None:
    """Compare a message with the file's, but for the numbers that are the router's."""
    _, *names = LAYOUTS[wanted["type"]]
    for index, name in enumerate(names, start=1):
        if name in CHOSEN:
            chosen = numbers.setdefault((name, wanted[name]), got[index])
            wanted = {**wanted, name: chosen}
    assert got == laid_out(wanted)


@on_every_server
def test_conversation_of_several_sessions_goes_as_the_vector_says(join, serializer):
    """Publisher exclusion switched off: the file's steps, one by one."""
    vector = json.loads(PUBLISHER_EXCLUSION.read_text())
    sessions = {
        each["session_id"]: join(serializer, roles={role: {} for role in each["roles"]})
        for each in vector["sessions"]
    }
    numbers: dict[Any, int] = {}
    events = []
    for step in vector["sequence"]:
        if step["from"] != "router":
            sessions[step["from"]].send(*laid_out(step["message"]))
            continue
        check_step(step["message"], sessions[step["to"]].receive(), numbers)
        if step["message"]["type"] == "EVENT":
            events.append(step["to"])
    assert events == vector["expected_outcome"]["event_recipients"]
    assert len(events) == vector["expected_outcome"]["event_count"]
    assert [each.until_now() for each in sessions.values()] == [[]] * len(sessions)
