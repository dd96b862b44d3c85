"""Forms of "nothing" and of integers that client libraries send, and mean well.

msgpackr and msgpack5, the encoders of wampy.js, write ``undefined`` as an extension of
type 0, and cbor-x as CBOR's own ``undefined``. Both write integers from 2**32 on as
floats.
"""

from __future__ import annotations

from typing import Any

import cbor2
import msgpack
import pytest

from tests.wamp.raw_client import (
    ABORT,
    CALL,
    CANCEL,
    ERROR,
    GOODBYE,
    HELLO,
    INVOCATION,
    PUBLISH,
    PUBLISHED,
    REALM,
    REGISTER,
    REGISTERED,
    RESULT,
    ROLES,
    SUBSCRIBE,
    SUBSCRIBED,
    UNREGISTER,
    UNREGISTERED,
    UNSUBSCRIBE,
    UNSUBSCRIBED,
    WELCOME,
    YIELD,
)

# Serializer, what it has for nothing
NOTHING = [
    ("json", None),
    ("msgpack", None),
    ("msgpack", msgpack.ExtType(0, b"\0")),
    ("msgpack", msgpack.ExtType(0, b"")),
    ("cbor", None),
    ("cbor", cbor2.undefined),
    ("ubjson", None),
]
every_nothing = pytest.mark.parametrize(
    ("serializer", "nothing"), NOTHING, ids=[f"{a} {b!r:.12}" for a, b in NOTHING]
)
PPT = ("ppt_scheme", "ppt_serializer", "ppt_cipher", "ppt_keyid")
LISTS = ("exclude", "exclude_authid", "exclude_authrole")
LISTS += ("eligible", "eligible_authid", "eligible_authrole")
OPTIONS = {
    PUBLISH: (
        *("exclude_me", "disclose_me", "retain", "enc_algo", "enc_serializer"),
        *("transaction_hash", "forward_for", *LISTS, *PPT),
    ),
    SUBSCRIBE: ("match", "get_retained", "forward_for"),
    REGISTER: (
        *("match", "invoke", "disclose_caller", "forward_timeout", "concurrency"),
        "force_reregister",
    ),
    CALL: ("disclose_me", "receive_progress", "progress", "timeout", *PPT),
}
ANSWERS = {PUBLISH: PUBLISHED, SUBSCRIBE: SUBSCRIBED, REGISTER: REGISTERED}


@every_nothing
@pytest.mark.parametrize("code", OPTIONS)
def test_option_that_is_nothing_is_absent(join, uri, nothing, serializer, code):
    """Each alone, and all together: the request means what it means without them."""
    client = join(serializer)
    more = {"acknowledge": True} if code == PUBLISH else {}
    expected = ANSWERS.get(code, ERROR)
    for keys in [*((key,) for key in OPTIONS[code]), OPTIONS[code]]:
        options = dict.fromkeys(keys, nothing) | more
        answer = client.request(code, options, f"{uri}.{len(keys)}.{keys[0]}")
        assert answer[0] == expected, (keys, answer)
        assert answer[4:5] in ([], ["wamp.error.no_such_procedure"])
    assert client.until_now() == []


@every_nothing
def test_subscription_and_event_are_ordinary(join, uri, nothing, serializer):
    """``match`` is exact, and the publisher does not get its own event."""
    client, listener = join(serializer), join()
    subscription = listener.subscribe(uri)
    options = dict.fromkeys(OPTIONS[SUBSCRIBE], nothing)
    assert client.subscribe(uri, **options) == subscription
    client.publish(uri, ["x"], **dict.fromkeys(OPTIONS[PUBLISH], nothing))
    assert listener.receive()[3:] == [{}, ["x"]]
    client.send(PUBLISH, 100, {"acknowledge": nothing}, uri)
    assert client.until_now() == []
    assert listener.receive()[0] == 36


@every_nothing
def test_call_is_answered_and_canceled(join, uri, nothing, serializer):
    """YIELD.Options, ERROR.Details and CANCEL.Options have optional keys, too."""
    caller, callee = join(serializer), join(serializer)
    callee.register(uri, **dict.fromkeys(OPTIONS[REGISTER], nothing))
    options = dict.fromkeys(OPTIONS[CALL], nothing)
    request = caller.call(uri, **options)
    invocation, _, details = callee.invoked()
    assert details == {}
    callee.send(YIELD, invocation, dict.fromkeys(("progress", *PPT), nothing), ["x"])
    assert caller.receive() == [RESULT, request, {}, ["x"]]
    request = caller.call(uri, **options)
    invocation = callee.invoked()[0]
    callee.send(ERROR, INVOCATION, invocation, dict.fromkeys(PPT, nothing), "a.b")
    assert caller.receive()[:5] == [ERROR, CALL, request, {}, "a.b"]
    request = caller.call(uri)
    callee.invoked()
    caller.send(CANCEL, request, {"mode": nothing})
    assert caller.receive()[4] == "wamp.error.canceled"


@every_nothing
@pytest.mark.parametrize("receiver", ["json", "cbor"])
def test_arguments_that_are_nothing_are_absent(
    join, uri, nothing, serializer, receiver
):
    """JSON has no other form for an argument that ECMAScript did not give."""
    caller, callee = join(serializer), join(receiver)
    callee.register(uri)
    for sent, received in (
        ([nothing], []),
        ([nothing, nothing], []),
        ([["x"], nothing], [["x"]]),
        ([nothing, {"a": 1}], [[], {"a": 1}]),
    ):
        request = caller.call(uri, *sent)
        invocation, _, _, *payload = callee.invoked()
        assert payload == received
        callee.send(YIELD, invocation, {}, ["x"])
        assert caller.receive() == [RESULT, request, {}, ["x"]]


@every_nothing
def test_results_errors_and_events_of_nothing_are_empty(join, uri, nothing, serializer):
    """YIELD, ERROR and PUBLISH have the same two parts."""
    client, other = join(serializer), join()
    client.register(uri)
    other.subscribe(uri)
    request = other.call(uri)
    client.send(YIELD, client.invoked()[0], {}, nothing)
    assert other.receive() == [RESULT, request, {}]
    request = other.call(uri)
    client.send(ERROR, INVOCATION, client.invoked()[0], {}, "a.b", nothing, nothing)
    assert other.receive() == [ERROR, CALL, request, {}, "a.b"]
    client.publish(uri, nothing, {"a": 1})
    assert other.receive()[3:] == [{}, [], {"a": 1}]


@every_nothing
def test_hello_is_understood(connect, nothing, serializer):
    """In the details, in the roles, and in the features of a role."""
    client = connect(serializer)
    roles = {
        "caller": {"features": {"call_canceling": nothing, "call_timeout": True}},
        "callee": {"features": nothing},
        "publisher": nothing,
        "subscriber": {},
    }
    keys = ("agent", "authmethods", "authid", "authextra")
    client.send(HELLO, REALM, {"roles": roles, **dict.fromkeys(keys, nothing)})
    assert client.receive()[0] == WELCOME


@every_nothing
def test_goodbye_is_understood(join, nothing, serializer):
    """Its details have an optional key as well."""
    client = join(serializer)
    client.send(GOODBYE, {"message": nothing}, "wamp.close.close_realm")
    assert client.receive()[0] == GOODBYE


@every_nothing
@pytest.mark.parametrize(
    ("message", "field"),
    [
        ([SUBSCRIBE, 1, None, "a.b"], "SUBSCRIBE.Options"),
        ([SUBSCRIBE, 1, {"match": None}, None], "SUBSCRIBE.Topic"),
        ([CALL, None, {}, "a.b"], "CALL.Request"),
        ([PUBLISH, 1, {"exclude": [None]}, "a.b"], "PUBLISH.Options.exclude"),
        ([HELLO, REALM, {"roles": None}], "HELLO.Details.roles"),
        ([HELLO, REALM, {"agent": None}], "HELLO.Details"),
        ([HELLO, None, {"roles": ROLES}], "HELLO.Realm"),
    ],
)
def test_what_is_required_stays_required(connect, nothing, serializer, message, field):
    """The ABORT names the field."""

    def filled(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: filled(value) for key, value in item.items()}
        if isinstance(item, list):
            return [filled(each) for each in item]
        return nothing if item is None else item

    client = connect(serializer)
    if message[0] != HELLO:
        client.join()
    client.send(*map(filled, message))
    assert client.aborted().startswith(field)


@every_nothing
def test_arguments_of_meta_procedures_may_be_nothing(join, uri, nothing, serializer):
    """Keywords, options and publish options alike."""
    client, other = join(serializer), join(serializer)
    subscription, registration = other.subscribe(uri), other.register(uri)

    def ask(procedure: str, *args: Any, **kwargs: Any) -> Any:
        answer = client.request(CALL, {}, f"wamp.{procedure}", list(args), kwargs)
        assert answer[0] == RESULT, answer
        return answer[3:]

    options = {"match": nothing}
    assert ask("subscription.lookup", uri, options) == [[subscription]]
    assert ask("subscription.lookup", uri, nothing) == [[subscription]]
    assert ask("registration.lookup", uri, options=options) == [[registration]]
    ask("session.count", filter_authroles=nothing)
    publish_options = dict.fromkeys(OPTIONS[PUBLISH], nothing)
    ask(
        "session.add_testament",
        *(uri, nothing, nothing),
        **{"publish_options": publish_options, "scope": nothing},
    )
    assert ask("session.flush_testaments", scope=nothing) == [[1]]
    more = {"reason": nothing}
    ask("subscription.remove_subscriber", subscription, other.session, **more)
    ask("registration.remove_callee", registration, other.session, **more)
    ask("session.kill", other.session, reason=nothing, message=nothing)
    answer = client.request(CALL, {}, "wamp.session.get", [], {"session": nothing})
    assert answer[4] == "wamp.error.invalid_argument"


# Numbers


@pytest.mark.parametrize("request_id", [1.0, 4294967296.0, 2.0**53])
def test_request_id_may_be_a_float(join, uri, serializer, request_id):
    """In every message that has one; the answer has it as an integer."""
    client, number = join(serializer), int(request_id)
    client.send(SUBSCRIBE, request_id, {}, uri)
    code, answered, subscription = client.receive()
    assert (code, answered, type(answered)) == (SUBSCRIBED, number, int)
    client.send(UNSUBSCRIBE, request_id, float(subscription))
    assert client.receive() == [UNSUBSCRIBED, number]
    client.send(PUBLISH, request_id, {"acknowledge": True}, uri)
    assert client.receive()[:2] == [PUBLISHED, number]
    client.send(REGISTER, request_id, {"concurrency": 1.0}, uri)
    code, answered, registration = client.receive()
    assert (code, answered) == (REGISTERED, number)
    for answer in ([YIELD], [ERROR, float(INVOCATION)]):
        client.send(CALL, request_id, {"timeout": 60_000.0}, uri)
        invocation = client.invoked()[0]
        end = ["a.b"] if answer[0] == ERROR else []
        client.send(*answer, float(invocation), {}, *end)
        assert number in client.receive()[1:3]
    client.send(CALL, request_id, {}, uri)
    client.invoked()
    client.send(CANCEL, request_id, {})
    assert client.receive()[:3] == [ERROR, CALL, number]
    client.send(UNREGISTER, request_id, float(registration))
    assert client.receive() == [UNREGISTERED, number]


def test_lists_of_ids_may_be_floats(join, uri, serializer):
    """JavaScript has no other numbers."""
    publisher, one, other = join(serializer), join(), join()
    for each in (one, other):
        each.subscribe(uri)
    publisher.publish(uri, ["a"], eligible=[float(one.session), 1.0])
    publisher.publish(uri, ["b"], exclude=[float(one.session), 1])
    hop = {"session": 2.0**53, "authid": None, "authrole": "x"}
    publisher.publish(uri, ["c"], forward_for=[hop])
    assert [each[4] for each in one.until_now()] == [["a"], ["c"]]
    assert [each[4] for each in other.until_now()] == [["b"], ["c"]]


@pytest.mark.parametrize("text", ["4294967296.0", "1e3", "1E+3", "10e-1"])
def test_integer_may_have_any_form_of_json(join, uri, text):
    """Fractions that are zero, and exponents."""
    client = join()
    client.send_data(f'[{SUBSCRIBE},{text},{{}},"{uri}"]')
    assert client.receive()[:2] == [SUBSCRIBED, int(float(text))]


@pytest.mark.parametrize(
    "number", [2.5, -1.0, 0.0, 2.0**53 + 2, 1e300, float("nan"), float("inf")]
)
@pytest.mark.parametrize(
    ("message", "field"),
    [
        (lambda number: [CALL, number, {}, "a.b"], "CALL.Request"),
        (lambda number: [UNSUBSCRIBE, 1, number], "UNSUBSCRIBE.SUBSCRIBED"),
        (
            lambda number: [PUBLISH, 1, {"exclude": [1.0, number]}, "a.b"],
            "PUBLISH.Options.exclude[1]",
        ),
    ],
    ids=["request", "subscription", "list"],
)
def test_float_that_is_no_id_is_refused(join, serializer, number, message, field):
    """The ABORT names the field."""
    client = join(serializer)
    client.send(*message(number))
    said = client.aborted()
    if serializer == "json" and number not in (number, -number):
        assert "malformed" in said  # JSON has no NaN
    else:
        assert said.startswith((field, "message: JSON is malformed"))


def test_meta_procedures_take_floats_for_integers(join, uri, serializer):
    """As arguments and as keywords; what is no ID is named."""
    client = join(serializer)
    subscription = client.subscribe(uri)

    def ask(procedure: str, *args: Any, **kwargs: Any) -> list[Any]:
        return client.request(CALL, {}, f"wamp.{procedure}", list(args), kwargs)

    found = ask("session.get", float(client.session))
    assert found[3][0]["session"] == client.session
    found = ask("subscription.get", subscription=float(subscription))
    assert found[3][0]["id"] == subscription
    options = {"exclude": [float(client.session)], "retain": None}
    assert ask("session.add_testament", uri, publish_options=options)[0] == RESULT
    for number in (2.5, 2.0**53 + 2, "1", True):
        answer = ask("session.get", number)
        assert answer[4] == "wamp.error.invalid_argument"
        assert "session" in answer[5][0]


def test_long_message_is_not_read_again(join, serializer):
    """No library fills in so many options: it is refused as it stands."""
    client = join(serializer)
    many = 9_000 if serializer == "ubjson" else 40_000  # UBJSON cannot have more
    client.send(PUBLISH, 1, {"exclude": [1.0] * many}, "a.b")
    assert client.aborted().startswith("PUBLISH.Options.exclude[0]")


def test_code_of_a_message_is_no_float(join, serializer):
    """It is a constant of the library, and no number that JavaScript has computed."""
    client = join(serializer)
    client.send(float(SUBSCRIBE), 1, {}, "a.b")
    assert client.receive()[0] == ABORT
