"""The registration meta API: what is registered, by whom, and who would answer."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.wamp.raw_client import CALL, REGISTER, UNREGISTERED
from tests.wamp.realms.conftest import (
    INVALID_ARGUMENT,
    error,
    events,
    explanation,
    payloads,
    refusal,
    result,
)

URI = "com.example.procedure"
NO_REGISTRATION = "wamp.error.no_such_registration"
ISO = "%Y-%m-%dT%H:%M:%S.%fZ"


def meta(name):
    return f"wamp.registration.{name}"


@pytest.fixture
def router(serve):
    return serve()


@pytest.fixture
def operator(router):
    return router.join("operator")


@pytest.fixture
def callee(router):
    return router.join("callee")


def test_registrations_are_listed_by_policy(callee, router, serializer):
    """One list for each, also when it is empty."""
    client = router.join(serializer=serializer)
    nothing = {"exact": [], "prefix": [], "wildcard": []}
    assert result(client, meta("list")) == nothing
    exact = callee.register(URI)
    prefix = callee.register(URI, match="prefix")
    wildcard = callee.register("com..procedure", match="wildcard")
    other = callee.register("com.example.other")
    assert result(client, meta("list")) == {
        "exact": [exact, other],
        "prefix": [prefix],
        "wildcard": [wildcard],
    }
    callee.leave()
    assert result(client, meta("list")) == nothing


def test_registration_is_described(callee, router, serializer):
    """ID, time of creation in UTC, URI, both policies."""
    client = router.join(serializer=serializer)
    registration = callee.register("com.é", match="prefix", invoke="roundrobin")
    found = result(client, meta("get"), registration)
    created = datetime.strptime(found.pop("created"), ISO).replace(tzinfo=timezone.utc)
    assert abs(datetime.now(timezone.utc) - created) < timedelta(seconds=30)
    assert found == {
        "id": registration,
        "uri": "com.é",
        "match": "prefix",
        "invoke": "roundrobin",
    }


def test_lookup_finds_the_pattern_itself(callee, operator):
    """Null if just that is not registered; exact is the default."""
    exact = callee.register(URI)
    prefix = callee.register(URI, match="prefix")
    assert result(operator, meta("lookup"), URI) == exact
    assert result(operator, meta("lookup"), URI, {}) == exact
    assert result(operator, meta("lookup"), URI, None) == exact
    assert result(operator, meta("lookup"), URI, {"match": "exact"}) == exact
    assert result(operator, meta("lookup"), URI, {"match": "prefix"}) == prefix
    assert result(operator, meta("lookup"), URI, {"match": "wildcard"}) is None
    assert result(operator, meta("lookup"), URI + ".x") is None
    assert result(operator, meta("lookup"), "not a uri") is None


def test_nothing_found_is_a_null(operator, router, serializer):
    """Not an empty result."""
    client = router.join(serializer=serializer)
    for name in ("lookup", "match"):
        request = client.call(meta(name), [URI])
        assert client.receive() == [50, request, {}, [None]]


def test_match_says_who_would_answer_a_call(callee, operator):
    """Exact, else the longest prefix, else the most specific wildcard."""
    ids = {
        "exact": callee.register("com.example.a.b"),
        "long": callee.register("com.example.a", match="prefix"),
        "short": callee.register("com.", match="prefix"),
        "wildcard": callee.register("org..a", match="wildcard"),
        "vaguer": callee.register("..a", match="wildcard"),
    }
    for uri, name in (
        ("com.example.a.b", "exact"),
        ("com.example.a.c", "long"),
        ("com.example.b", "short"),
        ("org.x.a", "wildcard"),
        ("net.x.a", "vaguer"),
    ):
        assert result(operator, meta("match"), uri) == ids[name], uri
    assert result(operator, meta("match"), "net.x.b") is None


def test_callees_are_listed_and_counted(callee, router, operator):
    """In the order in which they came."""
    other = router.join("other")
    registration = callee.register(URI, invoke="first")
    assert other.register(URI, invoke="first") == registration
    callees = [callee.session, other.session]
    assert result(operator, meta("list_callees"), registration) == callees
    assert result(operator, meta("count_callees"), registration) == 2
    callee.leave()
    assert result(operator, meta("list_callees"), registration) == [other.session]
    assert result(operator, meta("count_callees"), registration) == 1


def test_unknown_registration_is_an_error(callee, operator):
    """Never there, or no longer."""
    former = callee.register(URI)
    callee.leave()
    for registration in (former, 2**53, 0, -1):
        for name in ("get", "list_callees", "count_callees"):
            assert error(operator, meta(name), registration) == NO_REGISTRATION
        found = error(operator, meta("remove_callee"), registration, operator.session)
        assert found == NO_REGISTRATION


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("list", [1], {}),
        ("lookup", [], {}),
        ("lookup", [1], {}),
        ("lookup", [URI, "prefix"], {}),
        ("lookup", [URI, {"match": "regex"}], {}),
        ("lookup", [URI, {"match": None}], {}),
        ("lookup", [URI, {"match": ["exact"]}], {}),
        ("lookup", [URI, []], {}),
        ("match", [], {}),
        ("match", [None], {}),
        ("match", [[URI]], {}),
        ("match", [URI, {}], {}),
        ("get", [], {}),
        ("get", ["1"], {}),
        ("get", [True], {}),
        ("get", [1.5], {}),
        ("get", [{}], {}),
        ("list_callees", [None], {}),
        ("count_callees", [None], {}),
        ("count_callees", [1], {"nonsense": 1}),
        ("remove_callee", [1], {}),
        ("remove_callee", [None, 1], {}),
    ],
)
def test_wrong_argument_is_refused(operator, name, args, kwargs):
    """Precisely, without a word about our code."""
    answer = operator.request(CALL, {}, meta(name), args, kwargs)
    assert refusal(answer) == INVALID_ARGUMENT
    assert "Procedures" not in explanation(answer)


def test_changes_are_announced_in_order(router, serializer):
    """Created, registered; unregistered, deleted."""
    operator = router.join("operator", serializer=serializer)
    operator.subscribe("wamp.registration.", match="prefix")
    one = router.join("one", serializer=serializer)
    other = router.join("other")
    registration = one.register(URI, invoke="last")
    other.register(URI, invoke="last")
    one.remove(66, registration)
    other.remove(66, registration)
    found = [(details["topic"], args) for details, args in events(operator)]
    assert [topic for topic, _ in found] == [
        meta("on_create"),
        meta("on_register"),
        meta("on_register"),
        meta("on_unregister"),
        meta("on_unregister"),
        meta("on_delete"),
    ]
    [session, described] = found[0][1]
    assert session == one.session
    assert datetime.strptime(described.pop("created"), ISO)
    assert described == {
        "id": registration,
        "uri": URI,
        "match": "exact",
        "invoke": "last",
    }
    assert [args for _, args in found[1:]] == [
        [one.session, registration],
        [other.session, registration],
        [one.session, registration],
        [other.session, registration],
        [other.session, registration],
    ]


def test_refused_or_repeated_registration_is_not_announced(router, operator, callee):
    """Nothing has changed."""
    registration = callee.register(URI, invoke="first")
    operator.subscribe("wamp.registration.", match="prefix")
    assert callee.register(URI, invoke="first") == registration
    assert refusal(callee.request(REGISTER, {}, URI))
    assert operator.until_now() == []


def test_procedures_of_the_application_are_registrations(router, operator):
    """Like those of any client."""
    router.app.register("com.example.own")(lambda: 1)
    registration = result(operator, meta("lookup"), "com.example.own")
    [session] = result(operator, meta("list_callees"), registration)
    found = result(operator, "wamp.session.get", session)
    assert found["authmethod"] == "internal"


def test_meta_procedures_are_not_registrations(operator):
    """Nobody has registered them."""
    assert result(operator, meta("match"), meta("match")) is None
    assert result(operator, meta("lookup"), meta("lookup")) is None


def test_callee_is_removed_and_told_if_it_can_be(router, operator, serializer):
    """UNREGISTERED with request 0; a call finds nobody."""
    callee = router.join(
        serializer=serializer, announced=["callee.registration_revocation"]
    )
    mute = router.join("mute", serializer=serializer)
    registration = callee.register(URI)
    silent = mute.register("com.example.mute")
    args = (registration, callee.session)
    assert result(operator, meta("remove_callee"), *args, reason="enough") is None
    result(operator, meta("remove_callee"), silent, mute.session)
    details = {"registration": registration, "reason": "enough"}
    assert callee.until_now() == [[UNREGISTERED, 0, details]]
    assert mute.until_now() == []
    for uri in (URI, "com.example.mute"):
        assert error(operator, uri) == "wamp.error.no_such_procedure"


def test_callee_that_is_not_there_cannot_be_removed(operator, callee):
    """Unknown sessions, and sessions without that registration."""
    registration = callee.register(URI)
    remove = meta("remove_callee")
    assert error(operator, remove, registration, 2**53) == "wamp.error.no_such_session"
    assert error(operator, remove, registration, operator.session) == NO_REGISTRATION
    args = (registration, callee.session)
    assert error(operator, remove, *args, reason=1) == INVALID_ARGUMENT
    assert result(operator, meta("lookup"), URI) == registration
    assert payloads(callee) == []
