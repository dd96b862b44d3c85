"""The subscription meta API: what is subscribed to, and by whom."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.wamp.raw_client import CALL
from tests.wamp.realms.conftest import (
    INVALID_ARGUMENT,
    error,
    events,
    explanation,
    refusal,
    result,
)

TOPIC = "com.example.topic"
NO_SUBSCRIPTION = "wamp.error.no_such_subscription"
ISO = "%Y-%m-%dT%H:%M:%S.%fZ"


def meta(name):
    return f"wamp.subscription.{name}"


@pytest.fixture
def router(serve):
    return serve()


@pytest.fixture
def operator(router):
    return router.join("operator")


@pytest.fixture
def subscriber(router):
    return router.join("subscriber")


def test_subscriptions_are_listed_by_policy(subscriber, router, serializer):
    """One list for each, also when it is empty."""
    client = router.join(serializer=serializer)
    nothing = {"exact": [], "prefix": [], "wildcard": []}
    assert result(client, meta("list")) == nothing
    exact = subscriber.subscribe(TOPIC)
    prefix = subscriber.subscribe(TOPIC, match="prefix")
    wildcard = subscriber.subscribe("com..topic", match="wildcard")
    assert result(client, meta("list")) == {
        "exact": [exact],
        "prefix": [prefix],
        "wildcard": [wildcard],
    }
    subscriber.leave()
    assert result(client, meta("list")) == nothing


def test_subscription_is_described(subscriber, router, serializer):
    """ID, time of creation in UTC, URI, matching policy."""
    client = router.join(serializer=serializer)
    subscription = subscriber.subscribe("com..é", match="wildcard")
    found = result(client, meta("get"), subscription)
    created = datetime.strptime(found.pop("created"), ISO).replace(tzinfo=timezone.utc)
    assert abs(datetime.now(timezone.utc) - created) < timedelta(seconds=30)
    assert found == {"id": subscription, "uri": "com..é", "match": "wildcard"}


def test_lookup_finds_the_pattern_itself(subscriber, operator):
    """Null if nobody has subscribed to just that; exact is the default."""
    exact = subscriber.subscribe(TOPIC)
    prefix = subscriber.subscribe(TOPIC, match="prefix")
    assert result(operator, meta("lookup"), TOPIC) == exact
    assert result(operator, meta("lookup"), TOPIC, {"match": "prefix"}) == prefix
    assert result(operator, meta("lookup"), TOPIC, {"match": "wildcard"}) is None
    assert result(operator, meta("lookup"), "com.example") is None


def test_nothing_found_is_a_null(operator, router, serializer):
    """Not an empty result, and not an empty list."""
    client = router.join(serializer=serializer)
    for name in ("lookup", "match"):
        request = client.call(meta(name), [TOPIC])
        assert client.receive() == [50, request, {}, [None]]


def test_match_lists_everything_that_an_event_reaches(subscriber, operator):
    """Exact, prefixes, wildcards."""
    ids = [
        subscriber.subscribe(TOPIC),
        subscriber.subscribe("com.", match="prefix"),
        subscriber.subscribe("com..topic", match="wildcard"),
    ]
    subscriber.subscribe("org.", match="prefix")
    assert sorted(result(operator, meta("match"), TOPIC)) == sorted(ids)
    assert result(operator, meta("match"), "com.x") == [ids[1]]
    assert result(operator, meta("match"), "net.x") is None


def test_subscribers_are_listed_and_counted(subscriber, router, operator):
    """In the order in which they came."""
    other = router.join("other")
    subscription = subscriber.subscribe(TOPIC)
    other.subscribe(TOPIC)
    sessions = [subscriber.session, other.session]
    assert result(operator, meta("list_subscribers"), subscription) == sessions
    assert result(operator, meta("count_subscribers"), subscription) == 2
    subscriber.remove(34, subscription)
    assert result(operator, meta("list_subscribers"), subscription) == sessions[1:]
    assert result(operator, meta("count_subscribers"), subscription) == 1


def test_unknown_subscription_is_an_error(subscriber, operator):
    """Never there, or no longer."""
    former = subscriber.subscribe(TOPIC)
    subscriber.leave()
    for subscription in (former, 2**53, 0, -1):
        for name in ("get", "list_subscribers", "count_subscribers", "get_events"):
            assert error(operator, meta(name), subscription) == NO_SUBSCRIPTION


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("list", [1], {}),
        ("lookup", [], {}),
        ("lookup", [1], {}),
        ("lookup", [TOPIC, "prefix"], {}),
        ("lookup", [TOPIC, {"match": "regex"}], {}),
        ("lookup", [TOPIC, {"match": []}], {}),
        ("match", [], {}),
        ("match", [{}], {}),
        ("get", ["1"], {}),
        ("get", [True], {}),
        ("list_subscribers", [None], {}),
        ("count_subscribers", [[]], {}),
        ("count_subscribers", [1], {"nonsense": 1}),
    ],
)
def test_wrong_argument_is_refused(operator, name, args, kwargs):
    """Precisely, without a word about our code."""
    answer = operator.request(CALL, {}, meta(name), args, kwargs)
    assert refusal(answer) == INVALID_ARGUMENT
    assert "Procedures" not in explanation(answer)


def test_changes_are_announced_in_order(router, serializer):
    """Created, subscribed; unsubscribed, deleted."""
    operator = router.join("operator", serializer=serializer)
    operator.subscribe("wamp.subscription.", match="prefix")
    operator.until_now()
    one = router.join("one", serializer=serializer)
    other = router.join("other")
    subscription = one.subscribe(TOPIC, match="prefix")
    other.subscribe(TOPIC, match="prefix")
    one.remove(34, subscription)
    other.leave()
    found = [(details["topic"], args) for details, args in events(operator)]
    assert [topic for topic, _ in found] == [
        meta("on_create"),
        meta("on_subscribe"),
        meta("on_subscribe"),
        meta("on_unsubscribe"),
        meta("on_unsubscribe"),
        meta("on_delete"),
    ]
    [session, described] = found[0][1]
    assert session == one.session
    assert datetime.strptime(described.pop("created"), ISO)
    assert described == {"id": subscription, "uri": TOPIC, "match": "prefix"}
    assert [args for _, args in found[1:]] == [
        [one.session, subscription],
        [other.session, subscription],
        [one.session, subscription],
        [other.session, subscription],
        [other.session, subscription],
    ]


def test_repeated_subscription_is_not_announced(operator, subscriber):
    """Nothing has changed."""
    subscriber.subscribe(TOPIC)
    operator.subscribe("wamp.subscription.", match="prefix")
    operator.until_now()
    subscriber.subscribe(TOPIC)
    assert operator.until_now() == []


def test_one_event_has_one_publication_id(router, operator):
    """For all that get it, as with any event."""
    for options in ({}, {"match": "prefix"}, {"match": "wildcard"}):
        operator.subscribe("wamp.session.on_join", **options)
    router.join("joe")
    messages = operator.until_now()
    assert len(messages) == 3
    assert len({message[2] for message in messages}) == 1


def test_unsubscribing_from_meta_events_ends_them(operator):
    """None comes after UNSUBSCRIBED, not even the one about it."""
    for name in ("on_unsubscribe", "on_delete"):
        subscription = operator.subscribe(meta(name))
        operator.until_now()
        request = operator.next_request()
        operator.send(34, request, subscription)
        assert operator.receive() == [35, request]
        assert operator.until_now() == []
