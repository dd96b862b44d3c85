"""Event retention: the last event of a topic, for whoever subscribes later."""

from __future__ import annotations

import msgpack
import pytest

from tests.wamp.raw_client import ERROR, EVENT, PUBLISH, SUBSCRIBE, SUBSCRIBED
from tests.wamp.realm_kit import OPERATOR, Router, events, payloads
from wsocket import Permission, Role

TOPIC = "com.example.topic"


@pytest.fixture
def router(serve) -> Router:
    listener = Role("listener", [Permission("com.", "prefix", ["subscribe"])])
    return serve(roles=[OPERATOR, listener])


def retained(router, authid="late", role="operator", uri=TOPIC, **options):
    """What a new session gets that asks for retained events."""
    client = router.join(authid, role)
    client.subscribe(uri, get_retained=True, **options)
    return events(client)


def test_retained_event_follows_subscribed(router, serializer):
    """Marked as retained, under its own publication ID; then come live events."""
    publisher = router.join("alice", serializer=serializer)
    publication = publisher.publish(TOPIC, ["x"], {"y": 1}, retain=True)
    client = router.join("bob", serializer=serializer)
    request = client.next_request()
    client.send(SUBSCRIBE, request, {"get_retained": True}, TOPIC)
    answer = client.receive()
    assert answer[:2] == [SUBSCRIBED, request]
    details = {"retained": True}
    assert client.receive() == [
        EVENT,
        answer[2],
        publication,
        details,
        ["x"],
        {"y": 1},
    ]
    publisher.publish(TOPIC, ["live"])
    assert events(client) == [[{}, ["live"]]]


def test_nothing_is_delivered_that_was_not_asked_for(router):
    """Without get_retained, and without retain."""
    publisher = router.join("alice")
    publisher.publish(TOPIC, [1], retain=True)
    client = router.join("bob")
    client.subscribe(TOPIC)
    assert events(client) == []
    publisher.publish("com.example.other", [2])
    assert retained(router, uri="com.example.other") == []


def test_asking_again_delivers_again(router):
    """A second SUBSCRIBE to the same topic is the same subscription."""
    router.join("alice").publish(TOPIC, [1], retain=True)
    client = router.join("bob")
    first = client.subscribe(TOPIC)
    assert client.subscribe(TOPIC, get_retained=True) == first
    assert events(client) == [[{"retained": True}, [1]]]


def test_newer_event_replaces_the_retained_one(router, serializer):
    """One per topic; an event without retain changes nothing."""
    publisher = router.join("alice", serializer=serializer)
    publisher.publish(TOPIC, [1], retain=True)
    publisher.publish(TOPIC, [2], retain=True)
    publisher.publish(TOPIC, [3])
    assert retained(router) == [[{"retained": True}, [2]]]


def test_retained_event_without_payload_clears_the_topic(router, serializer):
    """As in MQTT."""
    publisher = router.join("alice", serializer=serializer)
    publisher.publish(TOPIC, [1], retain=True)
    publisher.publish(TOPIC, retain=True)
    assert retained(router) == []


def test_retained_event_survives_its_publisher(router):
    """The session is gone, the event is not."""
    publisher = router.join("alice")
    publisher.publish(TOPIC, [1], retain=True, disclose_me=True)
    session = publisher.session
    publisher.leave()
    assert retained(router) == [
        [
            {
                "publisher": session,
                "publisher_authid": "alice",
                "publisher_authrole": "operator",
                "retained": True,
            },
            [1],
        ]
    ]


@pytest.mark.parametrize(
    ("match", "pattern"), [("prefix", "com.ex"), ("wildcard", "com..topic")]
)
def test_pattern_subscriber_gets_one_event_for_each_topic(router, match, pattern):
    """With the topic, the oldest first."""
    publisher = router.join("alice")
    for topic in ("com.example.topic", "com.exotic.topic", "com.ex.topic"):
        publisher.publish(topic, [topic], retain=True)
    publisher.publish("org.example.topic", ["no"], retain=True)
    publisher.publish("com.exotic.topic", ["again"], retain=True)
    assert retained(router, uri=pattern, match=match) == [
        [{"retained": True, "topic": "com.example.topic"}, ["com.example.topic"]],
        [{"retained": True, "topic": "com.ex.topic"}, ["com.ex.topic"]],
        [{"retained": True, "topic": "com.exotic.topic"}, ["again"]],
    ]


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        ({}, True),
        ({"eligible_authid": ["late"]}, True),
        ({"eligible_authid": ["other"]}, False),
        ({"eligible_authid": []}, False),
        ({"exclude_authid": ["late"]}, False),
        ({"exclude_authid": ["other"]}, True),
        ({"eligible_authrole": ["listener"]}, True),
        ({"eligible_authrole": ["operator"]}, False),
        ({"exclude_authrole": ["listener"]}, False),
        ({"eligible": [1]}, False),
        ({"eligible": []}, False),
        ({"exclude": [1]}, True),
        ({"eligible_authid": ["late"], "exclude_authrole": ["listener"]}, False),
    ],
)
@pytest.mark.parametrize("match", ["exact", "prefix"])
def test_retained_event_is_for_those_who_were_eligible(router, options, heard, match):
    """Every list of the publication is applied to the later subscriber, too."""
    router.join("alice").publish(TOPIC, ["x"], retain=True, **options)
    found = retained(router, role="listener", match=match)
    assert [each[1] for each in found] == ([["x"]] if heard else [])


EXACT = {"uri": TOPIC, "match": "exact"}
PREFIX = {"uri": "com.", "match": "prefix"}
WILDCARD = {"uri": "com..topic", "match": "wildcard"}


@pytest.mark.parametrize("pattern", [EXACT, PREFIX, WILDCARD], ids=str)
@pytest.mark.parametrize(
    "options",
    [
        {"eligible": [1]},
        {"eligible_authid": ["vip"]},
        {"eligible_authrole": ["operator"]},
        {"exclude_authid": ["late"]},
        {"exclude_authrole": ["listener"]},
    ],
    ids=str,
)
def test_event_for_some_does_not_take_that_of_the_others(router, options, pattern):
    """Everybody gets the latest of those that they may have."""
    publisher = router.join("alice")
    publisher.publish(TOPIC, ["for all"], retain=True)
    publisher.publish(TOPIC, ["for some"], retain=True, **options)
    found = retained(router, role="listener", **pattern)
    assert [each[1] for each in found] == [["for all"]]
    if "eligible" not in options:
        found = retained(router, "vip", **pattern)
        assert [each[1] for each in found] == [["for some"]]
    publisher.publish(TOPIC, ["for all again"], retain=True)
    for role in ("operator", "listener"):
        found = retained(router, "vip", role, **pattern)
        assert [each[1] for each in found] == [["for all again"]]


def test_session_that_is_excluded_gets_the_event_before(router):
    """By its ID, or because it is the publisher."""
    alice, bob = router.join("alice"), router.join("bob")
    alice.publish(TOPIC, ["of alice"], retain=True)
    bob.publish(TOPIC, ["of bob"], retain=True)
    for client, expected in ((alice, "of bob"), (bob, "of alice")):
        client.subscribe(TOPIC, get_retained=True)
        assert payloads(client) == [[expected]]
    alice.publish(TOPIC, ["not for bob"], retain=True, exclude=[bob.session])
    bob.until_now()
    bob.subscribe(TOPIC, get_retained=True)
    assert payloads(bob) == [["of alice"]]
    assert retained(router) == [[{"retained": True}, ["not for bob"]]]


def test_newer_event_for_the_same_sessions_replaces_the_older_one(router):
    """And leaves those for others alone."""
    publisher = router.join("alice")
    for number in range(40):
        publisher.publish(TOPIC, ["b", number], retain=True, eligible_authid=["bob"])
        if number == 0:
            publisher.publish(TOPIC, ["c"], retain=True, eligible_authid=["carol"])
    assert [each[1] for each in retained(router, "bob")] == [["b", 39]]
    assert [each[1] for each in retained(router, "carol")] == [["c"]]
    assert retained(router) == []


def test_clearing_for_some_leaves_the_event_of_the_others(router):
    """An event without payload, for one authid; then one for all."""
    publisher = router.join("alice")
    publisher.publish(TOPIC, ["for all"], retain=True)
    publisher.publish(TOPIC, ["for bob"], retain=True, eligible_authid=["bob"])
    publisher.publish(TOPIC, retain=True, eligible_authid=["bob"])
    assert retained(router, "bob") == []
    assert [each[1] for each in retained(router)] == [["for all"]]
    publisher.publish(TOPIC, retain=True)
    assert retained(router) == []
    assert router.app.snapshot().realms["realm1"].retained == ()


def test_events_for_some_are_limited_in_number(router):
    """Sixteen of a topic; the one for all is among them as long as others can go."""
    publisher = router.join("alice")
    publisher.publish(TOPIC, ["for all"], retain=True)
    for number in range(20):
        authid = f"user{number}"
        publisher.publish(TOPIC, [number], retain=True, eligible_authid=[authid])
    found = [payload for _, payload in retained(router)]
    assert found == [["for all"]]
    for number in range(20):
        [[_, payload]] = retained(router, f"user{number}")
        assert payload == (["for all"] if number < 5 else [number])


def test_events_of_many_topics_come_in_the_order_in_which_they_were_published(router):
    """Also where an event for others came later."""
    publisher = router.join("alice")
    for number in range(4):
        publisher.publish(f"com.t{number}", [number], retain=True)
    publisher.publish("com.t0", ["bob"], retain=True, eligible_authid=["bob"])
    found = retained(router, uri="com.", match="prefix")
    assert [each[1] for each in found] == [[0], [1], [2], [3]]
    found = retained(router, "bob", uri="com.", match="prefix")
    assert [each[1] for each in found] == [[1], [2], [3], ["bob"]]


def test_events_for_some_count_in_bytes(serve):
    """All events of the topic are forgotten together."""
    router = serve(retained_bytes=1000)
    publisher = router.join("alice")
    publisher.publish(TOPIC, ["x" * 400], retain=True)
    publisher.publish(TOPIC, ["y" * 300], retain=True, eligible_authid=["bob"])
    assert [each[1] for each in retained(router)] == [["x" * 400]]
    publisher.publish("com.example.other", ["z" * 400], retain=True)
    assert retained(router) == []
    assert retained(router, "bob") == []
    found = retained(router, uri="com.", match="prefix")
    assert [each[1] for each in found] == [["z" * 400]]


def test_listed_session_gets_the_retained_event(router):
    """It was there when the event was published, and subscribes later."""
    client = router.join("bob")
    router.join("alice").publish(TOPIC, [1], retain=True, eligible=[client.session])
    client.subscribe(TOPIC, get_retained=True)
    assert payloads(client) == [[1]]


def test_publisher_is_excluded_from_its_own_retained_event(router):
    """Unless it says exclude_me=false; other sessions of its user are not."""
    publisher = router.join("alice")
    publisher.publish(TOPIC, [1], retain=True)
    publisher.publish("com.example.own", [2], retain=True, exclude_me=False)
    publisher.subscribe(TOPIC, get_retained=True)
    publisher.subscribe("com.example.own", get_retained=True)
    assert payloads(publisher) == [[2]]
    assert retained(router, "alice") == [[{"retained": True}, [1]]]


def test_refused_publication_is_not_retained(router):
    """Neither what may not be published, nor what has an invalid topic."""
    client = router.join("bob", "listener")
    options = {"acknowledge": True, "retain": True}
    assert client.request(PUBLISH, options, TOPIC, [1])[0] == ERROR
    client.send(PUBLISH, client.next_request(), {"retain": True}, TOPIC, [2])
    assert client.until_now() == []
    assert retained(router) == []


def test_refused_subscription_gets_no_retained_event(router):
    """Nothing but the ERROR."""
    router.join("alice").publish("org.example.topic", [1], retain=True)
    client = router.join("bob", "listener")
    answer = client.request(SUBSCRIBE, {"get_retained": True}, "org.example.topic")
    assert answer[0] == ERROR
    assert client.until_now() == []


def test_payload_reaches_every_serializer(router, serializer):
    """Also one that was published in another, and bytes."""
    publisher = router.join("alice", serializer="msgpack")
    publisher.publish(TOPIC, [b"\x00\xff", "é", {"a": None}], retain=True)
    client = router.join("bob", serializer=serializer)
    client.subscribe(TOPIC, get_retained=True)
    binary = "\0AP8=" if serializer == "json" else b"\x00\xff"
    assert payloads(client) == [[binary, "é", {"a": None}]]


def test_event_that_a_serializer_cannot_carry_is_left_out(router):
    """The subscription stands, and the other topics arrive."""
    publisher = router.join("alice", serializer="msgpack")
    publisher.publish("com.example.a", [msgpack.ExtType(5, b"x")], retain=True)
    publisher.publish("com.example.b", ["fine"], retain=True)
    found = retained(router, uri="com.", match="prefix")
    assert [each[1] for each in found] == [["fine"]]


def test_oldest_topic_is_forgotten_when_there_are_too_many(serve):
    """As many as are configured remain."""
    router = serve(retained_topics=2)
    publisher = router.join("alice")
    for number in range(4):
        publisher.publish(f"com.example.t{number}", [number], retain=True)
    assert [each[1] for each in retained(router, uri="com.", match="prefix")] == [
        [2],
        [3],
    ]


def test_retained_events_are_bounded_in_bytes(serve):
    """One that is too large by itself is not kept, and drives out the others."""
    router = serve(retained_bytes=1000)
    publisher = router.join("alice")
    publisher.publish("com.example.a", ["x" * 400], retain=True)
    publisher.publish("com.example.b", ["x" * 400], retain=True)
    publisher.publish("com.example.c", ["x" * 400], retain=True)
    found = retained(router, uri="com.", match="prefix")
    assert [each[0]["topic"] for each in found] == ["com.example.b", "com.example.c"]
    publisher.publish("com.example.d", ["x" * 2000], retain=True)
    assert retained(router, uri="com.", match="prefix") == []


@pytest.mark.parametrize(
    ("topic", "options"),
    [("com." + "x" * 2000, {}), (TOPIC, {"exclude": list(range(1, 100))})],
    ids=["topic", "list"],
)
def test_topic_and_lists_count_as_well(serve, topic, options):
    """A small payload does not make a small event."""
    router = serve(retained_bytes=1000)
    router.join("alice").publish(topic, [1], retain=True, **options)
    assert retained(router, uri="com.", match="prefix") == []


def test_nothing_is_retained_where_no_topic_may_be(serve):
    """``retained_topics=0`` turns it off; the event itself is delivered."""
    router = serve(retained_topics=0)
    client = router.join("bob")
    client.subscribe(TOPIC)
    router.join("alice").publish(TOPIC, [1], retain=True)
    assert payloads(client) == [[1]]
    assert retained(router) == []
