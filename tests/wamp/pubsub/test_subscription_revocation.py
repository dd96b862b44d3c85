"""Subscription revocation: an operator takes a subscription away."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import CALL, UNSUBSCRIBE, UNSUBSCRIBED
from tests.wamp.realm_kit import (
    INVALID_ARGUMENT,
    error,
    events,
    payloads,
    refusal,
    result,
)

TOPIC = "com.example.topic"
REMOVE = "wamp.subscription.remove_subscriber"
NO_SUBSCRIPTION = "wamp.error.no_such_subscription"
ANNOUNCED = ["subscriber.subscription_revocation"]


@pytest.fixture
def router(serve):
    return serve()


@pytest.fixture
def operator(router):
    return router.join("operator")


def test_subscriber_that_announced_it_is_told(router, operator, serializer):
    """UNSUBSCRIBED with request 0, the subscription and the reason; no EVENT after."""
    client = router.join("joe", serializer=serializer, announced=ANNOUNCED)
    subscription = client.subscribe(TOPIC)
    args = (subscription, client.session)
    assert result(operator, REMOVE, *args, reason="enough") is None
    operator.publish(TOPIC, [1])
    details = {"subscription": subscription, "reason": "enough"}
    assert client.until_now() == [[UNSUBSCRIBED, 0, details]]


def test_reason_is_a_uri_even_if_none_is_given(router, operator):
    """The router has one of its own."""
    client = router.join("joe", announced=ANNOUNCED)
    subscription = client.subscribe(TOPIC)
    result(operator, REMOVE, subscription, client.session)
    [[_, _, details]] = client.until_now()
    assert details["subscription"] == subscription
    assert details["reason"] == "wamp.error.unsubscribed"


def test_subscriber_that_did_not_announce_it_is_not_told(router, operator, serializer):
    """The subscription is gone all the same: UNSUBSCRIBE fails, events stay away."""
    client = router.join("joe", serializer=serializer)
    subscription = client.subscribe(TOPIC)
    result(operator, REMOVE, subscription, client.session)
    operator.publish(TOPIC, [1])
    assert client.until_now() == []
    request = client.next_request()
    client.send(UNSUBSCRIBE, request, subscription)
    assert refusal(client.answer(request)) == NO_SUBSCRIPTION


def test_others_keep_their_subscription(router, operator):
    """Only the named subscriber loses it, and may subscribe again."""
    client, other = router.join("joe"), router.join("jim")
    subscription = client.subscribe(TOPIC)
    assert other.subscribe(TOPIC) == subscription
    result(operator, REMOVE, subscription, client.session)
    operator.publish(TOPIC, [1])
    assert payloads(other) == [[1]]
    assert client.subscribe(TOPIC) == subscription
    operator.publish(TOPIC, [2])
    assert payloads(client) == [[2]]


def test_other_subscriptions_of_the_session_remain(router, operator):
    """Pattern and exact are two."""
    client = router.join("joe")
    exact = client.subscribe(TOPIC)
    client.subscribe(TOPIC, match="prefix")
    result(operator, REMOVE, exact, client.session)
    operator.publish(TOPIC, [1])
    assert events(client) == [[{"topic": TOPIC}, [1]]]


def test_last_subscriber_takes_the_subscription_along(router, operator):
    """on_unsubscribe, then on_delete, then the answer."""
    client = router.join("joe")
    subscription = client.subscribe(TOPIC)
    gone = operator.subscribe("wamp.subscription.on_unsubscribe")
    deleted = operator.subscribe("wamp.subscription.on_delete")
    result(operator, REMOVE, subscription, client.session)
    found = [(message[1], message[4]) for message in operator.until_now()]
    ids = [client.session, subscription]
    assert found == [(gone, ids), (deleted, ids)]
    assert error(operator, "wamp.subscription.get", subscription) == NO_SUBSCRIPTION


def test_subscription_that_is_not_held_cannot_be_revoked(router, operator):
    """Unknown subscriptions, unknown sessions, sessions without that subscription."""
    client = router.join("joe")
    subscription = client.subscribe(TOPIC)
    assert error(operator, REMOVE, 2**53, client.session) == NO_SUBSCRIPTION
    assert error(operator, REMOVE, subscription, operator.session) == NO_SUBSCRIPTION
    unknown = error(operator, REMOVE, subscription, 2**53)
    assert unknown == "wamp.error.no_such_session"
    operator.publish(TOPIC, [1])
    assert payloads(client) == [[1]]


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ([], {}),
        ([1], {}),
        (["1", 1], {}),
        ([True, 1], {}),
        ([None, None], {}),
        (["held", "x"], {}),
        (["held", "me"], {"reason": 5}),
        (["held", "me"], {"nonsense": "x"}),
        (["held", "me", "a reason"], {}),
    ],
)
def test_wrong_argument_revokes_nothing(operator, args, kwargs):
    """It is an invalid argument."""
    operator.subscribe(TOPIC)
    held = {"held": operator.subscribe(TOPIC), "me": operator.session}
    given = [held.get(each, each) if type(each) is str else each for each in args]
    answer = operator.request(CALL, {}, REMOVE, given, kwargs)
    assert refusal(answer) == INVALID_ARGUMENT
    operator.publish(TOPIC, [1], exclude_me=False)
    assert payloads(operator) == [[1]]


def test_ones_own_subscription_can_be_revoked(router):
    """The caller is told before it is answered."""
    client = router.join("joe", announced=ANNOUNCED)
    subscription = client.subscribe(TOPIC)
    result(client, REMOVE, subscription, client.session)
    [[code, request, details]] = client.inbox
    client.inbox.clear()
    assert (code, request, details["subscription"]) == (UNSUBSCRIBED, 0, subscription)
