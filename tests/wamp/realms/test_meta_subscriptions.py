"""The subscription meta API: whom an event reaches, and meta events as events."""

from __future__ import annotations

import pytest

from tests.wamp.realms.conftest import (
    result,
)

TOPIC = "com.example.topic"


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
