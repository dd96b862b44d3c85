"""Requests that are legal to the letter, and meant to hurt: each gets its answer."""

from __future__ import annotations

import random

import pytest

from tests.wamp.garbage import DEEP
from tests.wamp.raw_client import (
    CALL,
    ERROR,
    HELLO,
    PUBLISH,
    PUBLISHED,
    REALM,
    RESULT,
    WELCOME,
    RawClient,
)
from tests.wamp.realm_kit import (
    META_PROCEDURES,
    AsAsked,
    enter,
    knock,
    payloads,
    result,
    turned_away,
)
from tests.wamp.router.logins import ACCOUNTS, AUTHENTICATE, Login, challenged
from wsocket import Remember

TOPIC = "com.example.topic"

# What a deserializer can produce, and a function may trip over.
VALUES = [
    *(None, True, 0, -1, 1, 2**53 + 1, 2**63, 1.5, 1e308),
    *("", "x", "com.x", "com..x", "wamp.x", "x" * 10_000, "\0", "\0AAAA", "é\ud7ff"),
    *([], {}, [1], [[]], ["x", 1], [None] * 1000, {"x": {"x": []}}),
    *({"match": []}, {"match": "prefix"}, {"match": {}}, {"scope": 1}),
    *("2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"),
]
NAMES = (
    *("reason", "message", "scope", "publish_options", "filter_authroles", "limit"),
    *("reverse", "topic", "from_time", "until_publication", "options", "session"),
    *("uri", "args", "kwargs", "self", "caller", "unknown", ""),
)


@pytest.fixture
def router(serve):
    return serve(history=[Remember("", "prefix")])


@pytest.fixture
def bystander(router):
    """A session that must get its own events, and nothing else, to the end."""
    listener, publisher = router.join("listener"), router.join("publisher")
    listener.subscribe("com.bystander")
    publisher.publish("com.bystander", [1])
    yield listener
    publisher.publish("com.bystander", [2])
    assert payloads(listener) == [[1], [2]]


@pytest.mark.parametrize("procedure", META_PROCEDURES)
def test_meta_procedure_answers_whatever_it_is_given(
    router, bystander, serializer, procedure
):
    """RESULT, or an ERROR that is short and names no part of the router."""
    client = router.join(serializer=serializer)
    subscription = client.subscribe("com.", match="prefix")
    chance = random.Random(procedure)
    values = [*VALUES, subscription]
    if "kill" in procedure:
        values = [None, True, 0, -1, 1.5, "x", [], {}]  # nobody's
    for _ in range(60):
        args = chance.choices(values, k=chance.randrange(5))
        kwargs = {chance.choice(NAMES): chance.choice(values)}
        if procedure == "wamp.session.kill_all":
            args = ["x", *args]  # it would work without
        answer = client.request(CALL, {}, procedure, args, kwargs)
        if answer[0] == ERROR:
            assert answer[4].startswith("wamp.error."), answer
            assert len(str(answer)) < 500
            assert "Procedures" not in str(answer)
        else:
            assert answer[0] == RESULT


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        ({"exclude": list(range(1, 9_000))}, True),
        ({"eligible": list(range(1, 9_000))}, False),
        ({"exclude_authid": [f"x{number}" for number in range(9_000)]}, True),
        ({"eligible_authid": [f"x{number}" for number in range(9_000)]}, False),
        ({"eligible_authrole": ["operator"] * 9_000}, True),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_long_lists_of_receivers_are_applied(
    router, bystander, serializer, options, heard
):
    """To the last member."""
    listener, publisher = router.join(), router.join(serializer=serializer)
    listener.subscribe(TOPIC)
    publisher.publish(TOPIC, ["x"], **options)
    assert payloads(listener) == ([["x"]] if heard else [])


def test_long_lists_in_hello_are_read_to_their_end(router, bystander, serializer):
    """Methods that nobody knows, and one that leads in."""
    unknown = [f"method{number}" for number in range(9_000)]
    client = router.connect(serializer)
    details = {"authid": "joe", "authextra": {"role": "operator"}}
    assert knock(client, **details, authmethods=[*unknown, "asked"])[0] == WELCOME
    client = router.connect(serializer)
    abort = knock(client, **details, authmethods=unknown)
    assert turned_away(client, abort) == "wamp.error.no_matching_auth_method"
    assert len(str(abort)) < 500


def test_large_hello_is_not_remembered_after_it_was_refused(router, bystander):
    """Nothing of it comes back in the answer either."""
    client = router.connect()
    abort = knock(client, realm="x" * 500_000)
    assert turned_away(client, abort) == "wamp.error.no_such_realm"
    assert len(str(abort)) < 500


def nest(serializer: str, depth: int) -> bytes:
    """A list in a list in a list."""
    start, end = {
        "json": (b"[", b"]"),
        "msgpack": (b"\x91", b""),
        "cbor": (b"\x81", b""),
        "ubjson": (b"[", b"]"),
    }[serializer]
    last = {"json": b"0", "ubjson": b"U\x00"}.get(serializer, b"\x00")
    return start * depth + last + end * depth


def send_with_nest(client: RawClient, message: list, depth: int) -> None:
    """Send *message* with a nest in place of the string "nest"."""
    whole = client.format.dumps(message)
    data = whole.encode() if isinstance(whole, str) else whole
    mark = client.format.dumps("nest")
    mark = mark.encode() if isinstance(mark, str) else mark
    assert data.count(mark) == 1
    data = data.replace(mark, nest(client.format.name, depth))
    client.send_data(data if client.format.binary else data.decode())


HELLO_DETAILS = {
    "authid": "joe",
    "authmethods": ["asked"],
    "roles": {"caller": {}},
    "authextra": {"role": "operator"},
}
NESTED_HELLOS = {
    "authextra": {**HELLO_DETAILS, "authextra": {"role": "operator", "x": "nest"}},
    "unknown key": {**HELLO_DETAILS, "x": "nest"},
    "feature": {**HELLO_DETAILS, "roles": {"caller": {"features": {"x": "nest"}}}},
}


@pytest.mark.parametrize("where", NESTED_HELLOS)
def test_nested_bomb_in_hello_is_refused(router, bystander, serializer, where):
    """What is nested as applications do it is no bomb."""
    client = router.connect(serializer)
    send_with_nest(client, [HELLO, REALM, NESTED_HELLOS[where]], 100)
    assert client.receive()[0] == WELCOME
    client = router.connect(serializer)
    send_with_nest(client, [HELLO, REALM, NESTED_HELLOS[where]], DEEP)
    assert client.aborted()


@pytest.mark.parametrize("method", ACCOUNTS)
def test_nested_bomb_in_authenticate_is_refused(serve, serializer, method):
    """While somebody else logs in."""
    router = serve(auth=[ACCOUNTS[method].configured(), AsAsked()])
    client = router.connect(serializer)
    challenged(client, Login(method))
    other = router.connect(serializer)
    challenged(other, Login(method))
    send_with_nest(client, [AUTHENTICATE, "x", {"x": "nest"}], DEEP)
    assert client.aborted()
    send_with_nest(other, [AUTHENTICATE, "x", {"x": "nest"}], 100)
    assert turned_away(other, other.receive()) == "wamp.error.authentication_denied"
    enter(router.connect(), "jim", "operator")


@pytest.mark.parametrize("depth", [300, 390, 450, 800, 1200, DEEP])
def test_nest_at_the_limit_of_a_serializer_hurts_nobody(
    router, bystander, serializer, depth
):
    """Where one serializer can read what another cannot write."""
    listeners = {name: router.join(serializer=name) for name in ("json", "msgpack")}
    for listener in listeners.values():
        listener.subscribe(TOPIC, match="prefix")
    client = router.join(serializer=serializer)
    message = [PUBLISH, 1, {"acknowledge": True, "retain": True}, TOPIC, ["nest"]]
    send_with_nest(client, message, depth)
    answer = client.receive()
    assert answer[0] == PUBLISHED or client.end() == 1002
    router.join().publish(f"{TOPIC}.after", ["the next event"])
    for listener in listeners.values():
        # The one before may have come, too; Python's msgpack could not read it.
        while "the next event" not in str(listener.receive_data()):
            continue
    late = router.join()
    late.subscribe(TOPIC, get_retained=True)
    assert result(late, "wamp.session.count") > 0
