"""What a single session can make the router remember has an end."""

from __future__ import annotations

import tracemalloc
from contextlib import contextmanager
from uuid import uuid4

import pytest

from tests.wamp.fakes import Member, World
from tests.wamp.raw_client import (
    CALL,
    ERROR,
    PUBLISH,
    REGISTER,
    RESULT,
    SUBSCRIBE,
    UNSUBSCRIBE,
    YIELD,
)
from tests.wamp.realm_kit import (
    INVALID_URI,
    NOT_AUTHORIZED,
    TOPIC,
    error,
    events,
    explanation,
    knock,
    payloads,
    refusal,
    result,
)
from wsocket import Realm, Remember
from wsocket.wamp.protocol.uris import MAX_LENGTH

ADD = "wamp.session.add_testament"


@pytest.mark.parametrize(
    ("code", "setting"), [(SUBSCRIBE, "subscriptions"), (REGISTER, "registrations")]
)
@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
def test_session_has_a_limited_number_of_patterns(
    serve, serializer, code, setting, match
):
    """The error names the limit; what was given up or is there already counts once."""
    router = serve(**{setting: 3})
    client = router.join(serializer=serializer)
    ids = [
        client.request(code, {"match": match}, f"com.x{number}")[2]
        for number in range(3)
    ]
    answer = client.request(code, {"match": match}, "com.x3")
    assert answer[:2] == [ERROR, code]
    assert refusal(answer) == NOT_AUTHORIZED
    assert f"3 {setting}" in explanation(answer)
    client.remove(code + 2, ids[0])
    assert client.request(code, {"match": match}, "com.x3")[0] == code + 1
    other = router.join()
    assert other.request(code, {"match": match}, "com.x4")[0] == code + 1


@pytest.mark.parametrize("match", ["prefix", "wildcard"])
def test_session_has_a_limited_number_of_pattern_subscriptions(
    serve, serializer, match
):
    """One event can fit all of them; what is exact has a limit of its own."""
    router = serve(pattern_subscriptions=3)
    client = router.join(serializer=serializer)
    ids = [
        client.subscribe(uri, match=kind)
        for uri, kind in (("com.x", "prefix"), ("com.x", "wildcard"), ("", "prefix"))
    ]
    for number in range(5):
        client.subscribe(f"com.x{number}")
    answer = client.request(SUBSCRIBE, {"match": match}, "com.more")
    assert answer[:2] == [ERROR, SUBSCRIBE]
    assert refusal(answer) == NOT_AUTHORIZED
    assert "3 pattern subscriptions" in explanation(answer)
    assert client.subscribe("com.x", match=match) in ids
    assert router.join().request(SUBSCRIBE, {"match": match}, "com.y")[0] == 33
    client.remove(UNSUBSCRIBE, ids[2])
    assert client.request(SUBSCRIBE, {"match": match}, "com.more")[0] == 33


def test_session_has_a_thousand_pattern_subscriptions_by_default():
    """That is what one event may cost for one session."""
    world = World()
    member = Member(world)
    for number in range(1_001):
        member.subscribe(f"com.x{number}", "prefix", request=1 + number)
    answers = [message for message in member.take() if message[0] in (ERROR, 33)]
    assert [message[0] for message in answers] == [33] * 1_000 + [ERROR]
    assert "1000 pattern subscriptions" in explanation(answers[-1])


def test_full_session_may_subscribe_again_to_what_it_has(serve):
    """That is the same subscription."""
    client = serve(subscriptions=1).join()
    subscription = client.subscribe(TOPIC)
    assert client.subscribe(TOPIC) == subscription
    assert refusal(client.request(SUBSCRIBE, {"match": "prefix"}, TOPIC))


def test_full_session_may_register_again_what_it_has(serve):
    """That is the same registration, or the same conflict."""
    client = serve(registrations=1).join()
    registration = client.register(TOPIC, invoke="roundrobin")
    assert client.register(TOPIC, invoke="roundrobin") == registration
    answer = client.request(REGISTER, {}, TOPIC)
    assert refusal(answer) == "wamp.error.procedure_already_exists"
    assert client.register(TOPIC, invoke="single", force_reregister=True)


def test_full_session_takes_nothing_over(serve):
    """force_reregister is no way around the limit, and evicts nobody then."""
    router = serve(registrations=1)
    holder, client = router.join(), router.join()
    holder.register(TOPIC)
    client.register("com.example.other")
    answer = client.request(REGISTER, {"force_reregister": True}, TOPIC)
    assert refusal(answer) == NOT_AUTHORIZED
    assert holder.until_now() == []
    request = client.call(TOPIC)
    invocation, *_ = holder.invoked()
    holder.send(YIELD, invocation, {})
    assert client.receive() == [RESULT, request, {}]


def test_session_has_a_limited_number_of_calls_under_way(serve, serializer):
    """Calls that were answered do not count, nor those of others."""
    router = serve(calls=2)
    callee, caller = router.join(), router.join(serializer=serializer)
    callee.register(TOPIC)
    requests = [caller.call(TOPIC), caller.call(TOPIC)]
    answer = caller.request(CALL, {}, TOPIC)
    assert refusal(answer) == NOT_AUTHORIZED
    assert "2 calls" in explanation(answer)
    assert caller.request(CALL, {}, "wamp.session.count")[0] == RESULT
    other = router.join()
    theirs = other.call(TOPIC)
    for request in requests:
        invocation, *_ = callee.invoked()
        callee.send(YIELD, invocation, {}, [request])
        assert caller.receive() == [RESULT, request, {}, [request]]
    invocation, *_ = callee.invoked()
    callee.send(YIELD, invocation, {}, ["theirs"])
    assert other.receive() == [RESULT, theirs, {}, ["theirs"]]
    caller.call(TOPIC, ["again"])
    assert callee.invoked()[3] == ["again"]


def test_application_itself_has_no_such_limits(serve):
    """It is the author of the limits who registers and subscribes there."""
    router = serve(subscriptions=1, registrations=1, calls=1)
    for number in range(5):
        router.app.register(f"com.example.procedure{number}")(lambda: 1)
        router.app.subscribe(f"com.example.topic{number}")(print)
    callee = router.join()
    callee.register("com.example.remote")
    pending = [router.app.start_call("com.example.remote") for _ in range(5)]
    for _ in pending:
        invocation, *_ = callee.invoked()
        callee.send(YIELD, invocation, {}, ["done"])
    assert [each.result(20) for each in pending] == ["done"] * 5


def test_router_asks_its_authorizer_as_often_as_it_must(serve):
    """The questions are calls of the router's own: it has no limit either."""
    router = serve(calls=1, authorizer="com.example.authorize")
    gate = []

    @router.app.register("com.example.authorize")
    def authorize(session, uri, action, options):
        gate.append(uri)
        return True

    clients = [router.join(str(number)) for number in range(5)]
    for client in clients:
        client.send(SUBSCRIBE, 1, {}, TOPIC)
    assert [client.receive()[:2] for client in clients] == [[33, 1]] * 5
    assert gate == [TOPIC] * 5


@pytest.mark.parametrize("limit", ["subscriptions", "registrations", "calls"])
def test_limits_hold_for_each_realm_by_itself(serve, limit):
    """The neighbour has its own."""
    other = Realm("other", **{limit: 0})
    router = serve(realms=[other])
    router.join().subscribe(TOPIC)
    guest = router.connect().join("other")
    code = {"subscriptions": SUBSCRIBE, "registrations": REGISTER}.get(limit)
    if code is None:
        guest.register(TOPIC)
        code = CALL
    assert refusal(guest.request(code, {}, TOPIC)) == NOT_AUTHORIZED


# Bytes


def test_testaments_are_bounded_in_bytes(serve, serializer):
    """Together, whatever their scope; the error says how many there would be."""
    router = serve(testament_bytes=1000)
    heir, client = router.join(), router.join(serializer=serializer)
    heir.subscribe(TOPIC)
    result(client, ADD, TOPIC, ["a" * 400], {})
    result(client, ADD, TOPIC, ["b" * 400], {}, scope="detached")
    answer = client.request(CALL, {}, ADD, [TOPIC, ["c" * 400], {}])
    assert refusal(answer) == NOT_AUTHORIZED
    assert "1000 bytes" in explanation(answer)
    assert result(client, "wamp.session.flush_testaments") == 1
    result(client, ADD, TOPIC, ["d" * 400], {})
    client.leave()
    assert payloads(heir) == [["b" * 400], ["d" * 400]]


@pytest.mark.parametrize(
    ("topic", "options"),
    [
        ("com." + "x" * 2000, {}),
        (TOPIC, {"exclude": list(range(1, 100))}),
        (TOPIC, {"exclude_authid": ["x" * 2000]}),
        (TOPIC, {"ppt_scheme": "x_own", "ppt_keyid": "x" * 2000}),
    ],
)
def test_topic_and_options_of_a_testament_count(serve, topic, options):
    """A small payload does not make a small testament."""
    client = serve(testament_bytes=1000).join()
    found = error(client, ADD, topic, [1], {}, publish_options=options)
    assert found == NOT_AUTHORIZED


@pytest.mark.parametrize(
    "options",
    [
        {"exclude_authid": ["x" * 2000]},
        {"eligible_authrole": ["operator", "x" * 2000]},
        {"ppt_scheme": "x_own", "ppt_keyid": "x" * 2000},
    ],
)
def test_texts_in_the_options_of_a_retained_event_count(serve, options):
    """The broker keeps them, too."""
    router = serve(retained_bytes=1000)
    client = router.join(announced=["publisher.payload_passthru_mode"])
    client.publish(TOPIC, [b"".hex()], retain=True, **options)
    reader = router.join()
    reader.subscribe(TOPIC, get_retained=True)
    assert events(reader) == []


def test_history_is_bounded_in_bytes(serve):
    """The oldest are forgotten; one that is too large is not kept at all."""
    router = serve(history=[Remember(TOPIC, limit=100, limit_bytes=1000)])
    publisher, reader = router.join(), router.join()
    subscription = reader.subscribe(TOPIC)

    def remembered():
        records = result(reader, "wamp.subscription.get_events", subscription)
        return [record["args"][0][:1] for record in records]

    for letter in "abc":
        publisher.publish(TOPIC, [letter * 400])
    reader.until_now()
    assert remembered() == ["b", "c"]
    for _ in range(3):
        publisher.publish(TOPIC, ["d"])
    reader.until_now()
    assert remembered() == ["b", "c", "d", "d", "d"]
    publisher.publish(TOPIC, ["e" * 2000])
    reader.until_now()
    assert remembered() == []


@pytest.mark.parametrize("code", [SUBSCRIBE, REGISTER, CALL, PUBLISH])
@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
def test_uri_has_a_limited_length(serve, serializer, code, match):
    """A session has thousands of them; the error does not repeat it."""
    client = serve().join(serializer=serializer)
    options = {"acknowledge": True} if code == PUBLISH else {"match": match}
    answer = client.request(code, options, "x" * (MAX_LENGTH + 1))
    assert refusal(answer) == INVALID_URI
    assert str(MAX_LENGTH) in explanation(answer)
    assert len(str(answer)) < 500
    answer = client.request(code, options, "x" * MAX_LENGTH)
    assert answer[0] == code + 1 or answer[4] == "wamp.error.no_such_procedure"


def test_features_that_nobody_knows_are_not_kept(serve, serializer):
    """HELLO may have a million of them."""
    router = serve()
    client = router.connect(serializer)
    unknown = {f"f{uuid4().hex}": True for _ in range(4500)}
    roles = {"callee": {"features": {**unknown, "call_canceling": True}}}
    details = {"authid": "joe", "authmethods": ["asked"], "authextra": {"role": "x"}}
    assert knock(client, **details, roles=roles)[0] == 2
    [session] = [
        each
        for each in router.app.snapshot().realms["realm1"].sessions
        if each.authid == "joe"
    ]
    assert session.features == {"callee.call_canceling"}


def test_payload_of_a_call_is_not_kept_until_the_answer(serve, serializer):
    """Ten thousand calls of a megabyte each would be ten gigabytes."""
    router = serve()
    callee, caller = router.join(serializer=serializer), router.join()
    callee.register(TOPIC)
    size, count = 100_000, 20
    with tracing():
        for _ in range(count):
            caller.call(TOPIC, ["x" * size])
            callee.invoked()
        kept, _ = tracemalloc.get_traced_memory()
    assert kept < size * count / 4


@contextmanager
def tracing():
    """Count what is allocated from now on."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
