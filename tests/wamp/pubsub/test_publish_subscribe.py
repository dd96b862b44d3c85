"""Publish and subscribe over the wire (Basic Profile, "Publish and Subscribe")."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    ERROR,
    EVENT,
    PUBLISH,
    PUBLISHED,
    SUBSCRIBE,
    SUBSCRIBED,
    UNSUBSCRIBE,
    UNSUBSCRIBED,
)
from tests.wamp.servers import on_every_server


@on_every_server
def test_event_reaches_every_subscriber(join, serializer, uri):
    """All of them with the subscription ID and the publication ID of the publisher."""
    subscribers = [join(serializer) for _ in range(3)]
    publisher = join(serializer)
    ids = {each.subscribe(uri) for each in subscribers}
    assert len(ids) == 1
    publication = publisher.publish(uri, ["hi", 1], {"k": [True, None]})
    expected = [EVENT, *ids, publication, {}, ["hi", 1], {"k": [True, None]}]
    assert [each.receive() for each in subscribers] == [expected] * 3


def test_payload_keeps_its_arity(join, serializer, uri):
    """No payload, empty Arguments and an empty ArgumentsKw are three messages."""
    subscriber, publisher = join(serializer), join(serializer)
    subscriber.subscribe(uri)
    for payload in ([], [[]], [[], {}], [["x"]], [[], {"a": 1}]):
        publisher.publish(uri, *payload)
        assert subscriber.receive()[4:] == payload


def test_publish_is_not_acknowledged_by_default(join, serializer, uri):
    """No reply at all, be it good or bad, with or without subscribers."""
    publisher = join(serializer)
    publisher.send(PUBLISH, 1, {}, uri, ["x"])
    publisher.send(PUBLISH, 2, {"acknowledge": False}, uri)
    publisher.send(PUBLISH, 3, {}, "not a uri")
    publisher.send(PUBLISH, 4, {}, "wamp.session.on_join")
    assert publisher.until_now() == []


def test_publication_ids_are_random_over_the_whole_range(join, uri):
    """They are of the global scope: 1..2**53, no sequence."""
    publisher = join()
    ids = [publisher.publish(uri) for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(1 <= each <= 2**53 for each in ids)
    assert max(ids) > 2**40
    assert ids != sorted(ids)


def test_publisher_does_not_hear_itself(join, serializer, uri):
    """exclude_me defaults to true ("Publisher Exclusion")."""
    publisher, other = join(serializer), join(serializer)
    publisher.subscribe(uri)
    other.subscribe(uri)
    publisher.publish(uri)
    assert other.receive()[0] == EVENT
    assert publisher.until_now() == []


def test_publisher_hears_itself_if_it_wants_to(join, serializer, uri):
    """``exclude_me: false``."""
    publisher = join(serializer)
    subscription = publisher.subscribe(uri)
    publication = publisher.publish(uri, ["me"], exclude_me=False)
    assert publisher.receive() == [EVENT, subscription, publication, {}, ["me"]]


def test_second_subscribe_gives_the_same_subscription(join, serializer, uri):
    """The router does not count: one event, and one UNSUBSCRIBE ends it."""
    subscriber, publisher = join(serializer), join()
    subscription = subscriber.subscribe(uri)
    assert subscriber.subscribe(uri) == subscription
    publisher.publish(uri)
    assert len(subscriber.until_now()) == 1
    subscriber.remove(UNSUBSCRIBE, subscription)
    publisher.publish(uri)
    assert subscriber.until_now() == []


def test_nothing_arrives_after_unsubscribed(join, serializer, uri):
    """What was published before UNSUBSCRIBE arrives before UNSUBSCRIBED."""
    subscriber, publisher = join(serializer), join()
    subscription = subscriber.subscribe(uri)
    for number in range(20):
        publisher.publish(uri, [number])
    request = subscriber.next_request()
    subscriber.send(UNSUBSCRIBE, request, subscription)
    received = [subscriber.receive() for _ in range(21)]
    assert [each[0] for each in received] == [EVENT] * 20 + [UNSUBSCRIBED]
    publisher.publish(uri)
    assert subscriber.until_now() == []


def test_unsubscribe_ignores_a_fourth_item(join, serializer, uri):
    """autobahn-python appends options there."""
    subscriber = join(serializer)
    subscription = subscriber.subscribe(uri)
    request = subscriber.next_request()
    subscriber.send(UNSUBSCRIBE, request, subscription, {"forward_for": []})
    assert subscriber.receive() == [UNSUBSCRIBED, request]


def test_unsubscribe_of_what_is_not_held_is_an_error(join, serializer, uri):
    """Unknown, ended or another session's: the owner keeps it."""
    subscriber, stranger = join(serializer), join(serializer)
    subscription = subscriber.subscribe(uri)
    own = stranger.subscribe(uri + ".own")
    stranger.remove(UNSUBSCRIBE, own)
    for foreign in (subscription, own, 2**53):
        request = stranger.next_request()
        stranger.send(UNSUBSCRIBE, request, foreign)
        answer = stranger.receive()
        assert answer[:5] == [
            ERROR,
            UNSUBSCRIBE,
            request,
            {},
            "wamp.error.no_such_subscription",
        ]
    stranger.publish(uri)
    assert subscriber.receive()[0] == EVENT


def test_subscription_that_everybody_left_can_be_made_again(join, serializer, uri):
    """And the one who left does not hear its events."""
    first, second, publisher = join(serializer), join(serializer), join()
    first.remove(UNSUBSCRIBE, first.subscribe(uri))
    subscription = second.subscribe(uri)
    publisher.publish(uri)
    assert second.receive()[:2] == [EVENT, subscription]
    assert first.until_now() == []


def test_one_subscriber_leaves_and_the_others_stay(join, serializer, uri):
    """The shared subscription lives as long as somebody holds it."""
    first, second, publisher = join(serializer), join(serializer), join()
    subscription = first.subscribe(uri)
    second.subscribe(uri)
    first.leave()
    publisher.publish(uri)
    assert second.receive()[:2] == [EVENT, subscription]


def test_topic_and_procedure_of_one_name_do_not_meet(join, serializer, uri):
    """A procedure is not subscribed to, and a topic not called."""
    client, other = join(serializer), join(serializer)
    client.register(uri)
    other.publish(uri)
    assert client.until_now() == []
    other.subscribe(uri + ".topic")
    client.call(uri + ".topic")
    assert client.receive()[4] == "wamp.error.no_such_procedure"


def test_publisher_discloses_itself(join, serializer, uri):
    """``disclose_me: true`` ("Publisher Identification")."""
    subscriber, publisher = join(serializer), join(serializer)
    subscriber.subscribe(uri)
    publisher.publish(uri, disclose_me=True)
    assert subscriber.receive()[3] == {
        "publisher": publisher.session,
        "publisher_authid": publisher.welcome["authid"],
        "publisher_authrole": "anonymous",
    }


@pytest.mark.parametrize("options", [{}, {"disclose_me": False}])
def test_publisher_stays_unknown_unless_it_discloses_itself(
    join, serializer, uri, options
):
    """No key of the details tells who published."""
    subscriber, publisher = join(serializer), join(serializer)
    subscriber.subscribe(uri)
    publisher.publish(uri, **options)
    assert subscriber.receive()[3] == {}


@pytest.mark.parametrize(
    "options",
    [
        {"x_own": 1, "_own": [None], "nonsense": {"a": {}}, "": "", "Acknowledge": 5},
        {"retain": True, "rkey": "k", "ppt_cipher": None, "runmode": [{}]},
    ],
    ids=["custom", "of features that are not here"],
)
def test_unknown_options_are_ignored(join, serializer, uri, options):
    """Unknown keys MUST be ignored, whatever they hold."""
    client = join(serializer)
    assert client.request(SUBSCRIBE, options, uri)[0] == SUBSCRIBED
    options = {**options, "acknowledge": True, "exclude_me": False}
    assert client.request(PUBLISH, options, uri)[0] == PUBLISHED
    assert client.receive()[3] == {}


def test_request_ids_need_not_be_sequential(join, serializer, uri):
    """autobahn.js leaves gaps; 1 and 2**53 are legal, and so is using one twice."""
    client = join(serializer)
    for request in (2**53, 1, 77, 77):
        client.send(SUBSCRIBE, request, {}, uri)
        assert client.receive()[:2] == [SUBSCRIBED, request]


def test_large_event_arrives_whole(join, serializer, uri):
    """Up to the message limit of the application."""
    subscriber, publisher = join(serializer), join(serializer)
    subscriber.subscribe(uri)
    text = "ž" * 400_000
    publisher.publish(uri, [text])
    assert subscriber.receive()[4] == [text]
