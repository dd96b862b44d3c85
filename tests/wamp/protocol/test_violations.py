"""What is not a legal message gets an ABORT that names it; nobody else suffers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wamp.garbage import GARBAGE, PAYLOADS
from tests.wamp.raw_client import (
    ABORT,
    CALL,
    CANCEL,
    ERROR,
    EVENT,
    FORMATS,
    GOODBYE,
    HELLO,
    INVOCATION,
    PUBLISH,
    REALM,
    REGISTER,
    ROLES,
    SUBSCRIBE,
    UNREGISTER,
    UNSUBSCRIBE,
    YIELD,
)

TOPIC = "com.example.topic"
OK = {"roles": ROLES}

NO_ID: list[Any] = [
    0,
    -1,
    2**53 + 1,
    2**64 - 1,
    True,
    False,
    1.5,
    -1.0,
    2.0**53 + 2,
    "1",
    None,
    [],
    {},
]
NO_DICT: list[Any] = [None, [], [["a", 1]], "", "x", 0, 1, 1.5, True]
NO_STRING: list[Any] = [None, 0, 1, 1.5, True, [], {}, ["x"]]
NO_LIST: list[Any] = [{}, {"0": "x"}, "", "x", 0, 1.5, True]
NO_BOOL: list[Any] = [0, 1, 1.0, "true", "", [], {}]

# message, index of a field -> name of the field, what may not be there
FIELDS = [
    ([HELLO, REALM, OK], 1, "HELLO.Realm", NO_STRING),
    ([HELLO, REALM, OK], 2, "HELLO.Details", NO_DICT),
    ([ABORT, {}, "x.y"], 1, "ABORT.Details", NO_DICT),
    ([ABORT, {}, "x.y"], 2, "ABORT.Reason", NO_STRING),
    ([5, "x", {}], 1, "AUTHENTICATE.Signature", NO_STRING),
    ([5, "x", {}], 2, "AUTHENTICATE.Extra", NO_DICT),
    ([GOODBYE, {}, "x.y"], 1, "GOODBYE.Details", NO_DICT),
    ([GOODBYE, {}, "x.y"], 2, "GOODBYE.Reason", NO_STRING),
    (
        [ERROR, 68, 1, {}, "x.y"],
        1,
        "ERROR.REQUEST.Type",
        [None, "68", 1.5, True, [], {}],
    ),
    ([ERROR, 68, 1, {}, "x.y"], 2, "ERROR.REQUEST.Request", NO_ID),
    ([ERROR, 68, 1, {}, "x.y"], 3, "ERROR.Details", NO_DICT),
    ([ERROR, 68, 1, {}, "x.y"], 4, "ERROR.Error", NO_STRING),
    ([ERROR, 68, 1, {}, "x.y", [], {}], 5, "ERROR.Arguments", NO_LIST),
    ([ERROR, 68, 1, {}, "x.y", [], {}], 6, "ERROR.ArgumentsKw", NO_DICT[1:]),
    ([PUBLISH, 1, {}, TOPIC], 1, "PUBLISH.Request", NO_ID),
    ([PUBLISH, 1, {}, TOPIC], 2, "PUBLISH.Options", NO_DICT),
    ([PUBLISH, 1, {}, TOPIC], 3, "PUBLISH.Topic", NO_STRING),
    ([PUBLISH, 1, {}, TOPIC, [], {}], 4, "PUBLISH.Arguments", NO_LIST),
    ([PUBLISH, 1, {}, TOPIC, [], {}], 5, "PUBLISH.ArgumentsKw", NO_DICT[1:]),
    ([SUBSCRIBE, 1, {}, TOPIC], 1, "SUBSCRIBE.Request", NO_ID),
    ([SUBSCRIBE, 1, {}, TOPIC], 2, "SUBSCRIBE.Options", NO_DICT),
    ([SUBSCRIBE, 1, {}, TOPIC], 3, "SUBSCRIBE.Topic", NO_STRING),
    ([UNSUBSCRIBE, 1, 1], 1, "UNSUBSCRIBE.Request", NO_ID),
    ([UNSUBSCRIBE, 1, 1], 2, "UNSUBSCRIBE.SUBSCRIBED.Subscription", NO_ID),
    ([CALL, 1, {}, TOPIC], 1, "CALL.Request", NO_ID),
    ([CALL, 1, {}, TOPIC], 2, "CALL.Options", NO_DICT),
    ([CALL, 1, {}, TOPIC], 3, "CALL.Procedure", NO_STRING),
    ([CALL, 1, {}, TOPIC, [], {}], 4, "CALL.Arguments", NO_LIST),
    ([CALL, 1, {}, TOPIC, [], {}], 5, "CALL.ArgumentsKw", NO_DICT[1:]),
    ([CANCEL, 1, {}], 1, "CANCEL.CALL.Request", NO_ID),
    ([CANCEL, 1, {}], 2, "CANCEL.Options", NO_DICT),
    ([REGISTER, 1, {}, TOPIC], 1, "REGISTER.Request", NO_ID),
    ([REGISTER, 1, {}, TOPIC], 2, "REGISTER.Options", NO_DICT),
    ([REGISTER, 1, {}, TOPIC], 3, "REGISTER.Procedure", NO_STRING),
    ([UNREGISTER, 1, 1], 1, "UNREGISTER.Request", NO_ID),
    ([UNREGISTER, 1, 1], 2, "UNREGISTER.REGISTERED.Registration", NO_ID),
    ([YIELD, 1, {}], 1, "YIELD.INVOCATION.Request", NO_ID),
    ([YIELD, 1, {}], 2, "YIELD.Options", NO_DICT),
    ([YIELD, 1, {}, [], {}], 3, "YIELD.Arguments", NO_LIST),
    ([YIELD, 1, {}, [], {}], 4, "YIELD.ArgumentsKw", NO_DICT[1:]),
]

NO_IDS: list[Any] = [1, "x", {}, [0], [True], ["1"], [1.5], [None], [[]], [2**53 + 1]]
NO_IDS += [[1.0, 2.5], [-1.0], [2.0**53 + 2]]
NO_STRINGS: list[Any] = ["x", 1, {}, [1], [None], [True], ["x", 1], [["x"]]]
NO_TEXT: list[Any] = [0, 1.5, True, [], {}, ["x"]]
NO_HOPS: list[Any] = ["x", {}, [1], [{}], [{"session": 0, "authid": "a"}]]
NO_NUMBER: list[Any] = [True, 1.5, -1.0, "1", [], {}]
NO_ENUM: list[Any] = ["", "Exact", "regex", "exact ", 1, True, [], {}]

# message up to its options, key, what may not be there, message after the options
OPTIONS = [
    ([PUBLISH, 1], "acknowledge", NO_BOOL, [TOPIC]),
    ([PUBLISH, 1], "exclude_me", NO_BOOL, [TOPIC]),
    ([PUBLISH, 1], "disclose_me", NO_BOOL, [TOPIC]),
    ([PUBLISH, 1], "exclude", NO_IDS, [TOPIC]),
    ([PUBLISH, 1], "eligible", NO_IDS, [TOPIC]),
    ([PUBLISH, 1], "exclude_authid", NO_STRINGS, [TOPIC]),
    ([PUBLISH, 1], "exclude_authrole", NO_STRINGS, [TOPIC]),
    ([PUBLISH, 1], "eligible_authid", NO_STRINGS, [TOPIC]),
    ([PUBLISH, 1], "eligible_authrole", NO_STRINGS, [TOPIC]),
    ([SUBSCRIBE, 1], "match", NO_ENUM, [TOPIC]),
    ([PUBLISH, 1], "retain", NO_BOOL, [TOPIC]),
    ([PUBLISH, 1], "ppt_scheme", NO_TEXT, [TOPIC]),
    ([PUBLISH, 1], "transaction_hash", NO_TEXT, [TOPIC]),
    ([PUBLISH, 1], "enc_algo", [*NO_TEXT, "", "rot13", "xbr\n"], [TOPIC]),
    ([PUBLISH, 1], "forward_for", NO_HOPS, [TOPIC]),
    ([SUBSCRIBE, 1], "forward_for", NO_HOPS, [TOPIC]),
    ([SUBSCRIBE, 1], "get_retained", NO_BOOL, [TOPIC]),
    ([CALL, 1], "disclose_me", NO_BOOL, [TOPIC]),
    ([CALL, 1], "receive_progress", NO_BOOL, [TOPIC]),
    ([CALL, 1], "progress", NO_BOOL, [TOPIC]),
    ([CALL, 1], "timeout", [*NO_NUMBER, -1], [TOPIC]),
    ([CALL, 1], "ppt_serializer", NO_TEXT, [TOPIC]),
    ([CANCEL, 1], "mode", [*NO_ENUM, "killwait"], []),
    ([REGISTER, 1], "match", NO_ENUM, [TOPIC]),
    ([REGISTER, 1], "invoke", [*NO_ENUM, "exact"], [TOPIC]),
    ([REGISTER, 1], "disclose_caller", NO_BOOL, [TOPIC]),
    ([REGISTER, 1], "forward_timeout", NO_BOOL, [TOPIC]),
    ([REGISTER, 1], "force_reregister", NO_BOOL, [TOPIC]),
    ([REGISTER, 1], "concurrency", [*NO_NUMBER, 0, -1], [TOPIC]),
    ([YIELD, 1], "progress", NO_BOOL, []),
    ([YIELD, 1], "ppt_cipher", NO_TEXT, []),
    ([ERROR, INVOCATION, 1], "ppt_keyid", NO_TEXT, ["x.y"]),
]
NAMES = {
    ABORT: "ABORT",
    CALL: "CALL",
    CANCEL: "CANCEL",
    ERROR: "ERROR",
    GOODBYE: "GOODBYE",
    HELLO: "HELLO",
    PUBLISH: "PUBLISH",
    REGISTER: "REGISTER",
    SUBSCRIBE: "SUBSCRIBE",
    UNREGISTER: "UNREGISTER",
    UNSUBSCRIBE: "UNSUBSCRIBE",
    YIELD: "YIELD",
}

# HELLO.Details -> the field that is named
DETAILS = [
    ({}, "HELLO.Details"),
    ({"roles": None}, "HELLO.Details.roles"),
    ({"roles": []}, "HELLO.Details.roles"),
    ({"roles": "caller"}, "HELLO.Details.roles"),
    ({"roles": {"caller": True}}, "HELLO.Details.roles.caller"),
    ({"roles": {"callee": []}}, "HELLO.Details.roles.callee"),
    ({"roles": {"publisher": "x"}}, "HELLO.Details.roles.publisher"),
    ({"roles": {"subscriber": 1}}, "HELLO.Details.roles.subscriber"),
    ({"roles": {"caller": {"features": []}}}, "HELLO.Details.roles.caller.features"),
    ({"roles": {"caller": {"features": 1}}}, "HELLO.Details.roles.caller.features"),
    ({**OK, "agent": 5}, "HELLO.Details.agent"),
    ({**OK, "authid": 5}, "HELLO.Details.authid"),
    ({**OK, "authmethods": "ticket"}, "HELLO.Details.authmethods"),
    ({**OK, "authmethods": [1]}, "HELLO.Details.authmethods"),
    ({**OK, "authextra": []}, "HELLO.Details.authextra"),
]


class Bystander:
    """A pair of sessions on the same router that must not notice anything."""

    def __init__(self, join, uri):
        self.listener, self.publisher = join("json"), join("msgpack")
        self.topic = uri
        self.listener.subscribe(uri)
        self.sent = 0

    def publish(self):
        self.sent += 1
        self.publisher.publish(self.topic, [self.sent])

    def check(self):
        """It is still served, and nothing was lost, repeated or forged."""
        self.publish()
        messages = self.listener.until_now()
        assert [(each[0], each[4]) for each in messages] == [
            (EVENT, [number + 1]) for number in range(self.sent)
        ]


@pytest.fixture
def bystander(join, uri):
    found = Bystander(join, uri)
    found.publish()
    yield found
    found.check()


@pytest.fixture
def refused(connect, serializer, bystander):
    """Send a message in a session of its own; what the ABORT says about it."""

    def send(message, *, established=True):
        client = connect(serializer)
        if established:
            client.join()
        if isinstance(message, (bytes, str)):
            client.send_data(message)
        else:
            client.send(*message)
        if established:
            # Never looked at after a violation; otherwise it ends the wait for one.
            client.send(GOODBYE, {}, "com.example.was_not_refused")
        bystander.publish()
        return client.aborted()

    return send


@pytest.mark.parametrize(
    ("message", "index", "field", "values"), FIELDS, ids=[each[2] for each in FIELDS]
)
def test_field_of_a_wrong_type_is_named(refused, message, index, field, values):
    """Wrong types, bool as an ID, IDs out of range: "expected ..., got ..."."""
    for value in values:
        broken = [*message[:index], value, *message[index + 1 :]]
        said = refused(broken, established=message[0] != HELLO)
        assert said.startswith(field + ":"), (value, said)
        assert "expected" in said


@pytest.mark.parametrize(
    ("head", "key", "values", "rest"),
    OPTIONS,
    ids=[f"{NAMES[each[0][0]]}-{each[1]}" for each in OPTIONS],
)
def test_known_option_of_a_wrong_type_is_named(refused, head, key, values, rest):
    """Known keys are typed: 1 is not true, an unknown enum value is not a default."""
    for value in values:
        said = refused([*head, {key: value}, *rest])
        where = "Details" if head[0] == ERROR else "Options"
        field = f"{NAMES[head[0]]}.{where}.{key}"
        assert said.startswith((f"{field}:", f"{field}[")), (value, said)


@pytest.mark.parametrize(("details", "field"), DETAILS, ids=[d[1] for d in DETAILS])
def test_wrong_hello_details_are_named(refused, details, field):
    """roles is required; every known key is typed."""
    said = refused([HELLO, REALM, details], established=False)
    assert said.startswith(field), said


NO_MESSAGES = {
    "empty list": [],
    "unknown type": [99],
    "unknown type of an extension": [1023, 1, {}],
    "negative type": [-1, 1],
    "type 0": [0],
    "type is a string": ["16", 1, {}, TOPIC],
    "type is true": [True, REALM, OK],
    "type is a float": [16.0, 1, {}, TOPIC],
    "type is null": [None],
    "type is a list": [[16], 1, {}, TOPIC],
    "type is a dict": [{"a": 1}],
    "type is a long string": ["x" * 500_000],
    "type is a nest": [[[[[[[[["x"]]]]]]]]],
    "WELCOME": [2, 1, {"roles": {}}],
    "CHALLENGE": [4, "ticket", {}],
    "EVENT": [EVENT, 1, 1, {}],
    "INVOCATION": [INVOCATION, 1, 1, {}],
    "RESULT": [50, 1, {}],
    "SUBSCRIBED": [33, 1, 1],
}


@pytest.mark.parametrize("established", [True, False], ids=["in session", "before"])
@pytest.mark.parametrize("name", list(NO_MESSAGES))
def test_what_is_no_message_of_a_client_is_refused(refused, name, established):
    """Empty, of an unknown type, or of a type that only routers send."""
    said = refused(NO_MESSAGES[name], established=established)
    assert "message" in said
    assert len(said) < 500, "an ABORT must not echo a megabyte"


def test_acknowledgement_of_an_event_that_asked_for_none_is_refused(refused):
    """EVENT_RECEIVED belongs to a feature that WELCOME does not announce."""
    assert refused([337, 1]).startswith("EVENT_RECEIVED is not allowed")


@pytest.mark.parametrize(
    "message",
    [
        [HELLO],
        [HELLO, REALM],
        [GOODBYE],
        [GOODBYE, {}],
        [ABORT, {}],
        [ERROR, 68, 1, {}],
        [PUBLISH],
        [PUBLISH, 1],
        [PUBLISH, 1, {}],
        [SUBSCRIBE, 1, {}],
        [UNSUBSCRIBE, 1],
        [CALL, 1, {}],
        [CANCEL],
        [CANCEL, 1],
        [REGISTER, 1, {}],
        [UNREGISTER, 1],
        [YIELD, 1],
    ],
    ids=repr,
)
def test_message_that_is_too_short_is_refused(refused, message):
    """Items are missing at its end."""
    assert refused(message).startswith(NAMES[message[0]])


@pytest.mark.parametrize("message", [{}, {"0": 16}, "PUBLISH", 16, 1.5, None, True, ""])
def test_message_that_is_no_list_is_refused(refused, serializer, message):
    """A message is a list."""
    assert "message" in refused(FORMATS[serializer].dumps(message))


NUMBER_AS_OPTION = {
    "json": '[16, 1, {1: 2}, "a.b"]',
    "ubjson": b"[U\x10U\x01{DU\x02}SU\x03a.b]",
}
NUMBER_AS_KEYWORD = {
    "json": '[16, 1, {}, "a.b", [], {1: 2}]',
    "ubjson": b"[U\x10U\x01{}SU\x03a.b[]{DU\x02}]",
}


def test_keys_of_options_are_strings(refused, serializer):
    """JSON and UBJSON have no others; MessagePack and CBOR do."""
    if serializer in NUMBER_AS_OPTION:
        assert "malformed" in refused(NUMBER_AS_OPTION[serializer])
        return
    assert refused([PUBLISH, 1, {1: 2}, TOPIC]).startswith("PUBLISH.Options")


def test_keys_of_argumentskw_are_strings(refused, serializer):
    """Receivers pass them on as keyword arguments, and would fail."""
    if serializer in NUMBER_AS_KEYWORD:
        assert "malformed" in refused(NUMBER_AS_KEYWORD[serializer])
        return
    for key in (1, b"key", None, True):
        said = refused([PUBLISH, 1, {}, TOPIC, [], {"ok": 1, key: 2}])
        assert said.startswith("PUBLISH.ArgumentsKw"), (key, said)


@pytest.mark.parametrize(
    "message",
    [
        [PUBLISH, 1, {"acknowledge": True}, TOPIC, ["x"], {}, "extra"],
        [CALL, 1, {}, "com.example.nobody", ["x"], {}, "extra"],
    ],
    ids=["PUBLISH", "CALL"],
)
def test_items_beyond_the_layout_mean_the_same_in_every_serializer(connect, message):
    """Be it ignored or refused: it must not depend on the serializer."""
    answers = set()
    for serializer in FORMATS:
        client = connect(serializer).join()
        client.send(*message)
        answers.add(client.receive()[0])
    assert len(answers) == 1


# Bytes


def payload_in(serializer: str, payload: bytes) -> bytes:
    """A PUBLISH whose Arguments are these bytes."""
    head = {
        "json": b'[16,1,{"acknowledge":true},"com.example.topic",%s]',
        "msgpack": b"\x95\x10\x01\x81\xabacknowledge\xc3\xb1com.example.topic%s",
        "cbor": b"\x85\x10\x01\xa1kacknowledge\xf5qcom.example.topic%s",
        "ubjson": b"[U\x10U\x01{U\x0backnowledgeT}SU\x11com.example.topic%s]",
    }
    return head[serializer] % payload


def text_if_json(serializer: str, data: bytes) -> str | bytes:
    return data.decode() if serializer == "json" else data


@pytest.mark.parametrize("established", [True, False], ids=["in session", "before"])
@pytest.mark.parametrize(
    ("serializer", "name"),
    [(serializer, name) for serializer, cases in GARBAGE.items() for name in cases],
)
def test_bytes_that_are_no_message_are_refused(refused, serializer, name, established):
    """Garbage, truncation, lies about lengths, bombs: ABORT, at once."""
    data = text_if_json(serializer, GARBAGE[serializer][name])
    said = refused(data, established=established)
    assert said
    assert len(said) < 500, "an ABORT must not echo a megabyte"


@pytest.mark.parametrize(
    ("serializer", "name"),
    [(serializer, name) for serializer, cases in PAYLOADS.items() for name in cases],
)
def test_payload_that_others_could_not_read_is_refused(
    connect, serializer, bystander, name
):
    """Payloads are passed on as they are, so they are checked when they come in."""
    client = connect(serializer).join()
    listener = connect(serializer).join()
    listener.subscribe(TOPIC)
    data = payload_in(serializer, PAYLOADS[serializer][name])
    client.send_data(text_if_json(serializer, data))
    assert client.aborted()
    assert listener.until_now() == []


def test_payload_check_is_not_fooled_by_a_message_that_is_well(connect, serializer):
    """The control group: `payload_in` makes messages that are otherwise valid."""
    client = connect(serializer).join()
    empty = {"json": b"[]", "msgpack": b"\x90", "cbor": b"\x80", "ubjson": b"[]"}
    data = payload_in(serializer, empty[serializer])
    client.send_data(text_if_json(serializer, data))
    assert client.receive()[:2] == [17, 1]


def test_message_that_is_too_big_ends_the_connection(connect, serializer, bystander):
    """1009 before anything of it is looked at; the session's end is as any other."""
    client = connect(serializer).join()
    client.send(PUBLISH, 1, {}, bystander.topic, ["x" * 2**20])
    assert client.end() == 1009
