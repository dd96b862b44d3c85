"""Who published that: disclosure, exclusion, trust levels, payload passthru."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import ERROR, EVENT, PUBLISH
from tests.wamp.realm_kit import ALL, OPERATOR, events, payloads
from wsocket import Permission, Role

TOPIC = "com.example.topic"
KEYS = ("publisher", "publisher_authid", "publisher_authrole")
DISCLOSE_ME = "wamp.error.option_disallowed.disclose_me"


@pytest.fixture
def router(serve):
    """Roles that differ in what is disclosed of them, and in trust."""
    return serve(
        roles=[
            OPERATOR,
            Role(
                "shown", [Permission(TOPIC, allow=["publish"], disclose="force"), ALL]
            ),
            Role(
                "hidden", [Permission(TOPIC, allow=["publish"], disclose="deny"), ALL]
            ),
            Role("ranked", [ALL], trustlevel=7),
            Role("lowest", [ALL], trustlevel=0),
        ]
    )


def identity(client, authid, role):
    return dict(zip(KEYS, (client.session, authid, role), strict=True))


def test_publisher_is_disclosed_if_it_asks_for_it(router, serializer):
    """Session, authid and authrole; nothing of it otherwise."""
    publisher = router.join("alice", serializer=serializer)
    subscriber = router.join("bob", serializer=serializer)
    subscriber.subscribe(TOPIC)
    publisher.publish(TOPIC, [1], disclose_me=True)
    publisher.publish(TOPIC, [2], disclose_me=False)
    publisher.publish(TOPIC, [3])
    assert events(subscriber) == [
        [identity(publisher, "alice", "operator"), [1]],
        [{}, [2]],
        [{}, [3]],
    ]


def test_pattern_subscriber_is_told_topic_and_publisher(router, serializer):
    """Both are in the details."""
    publisher = router.join("alice", serializer=serializer)
    subscriber = router.join("bob", serializer=serializer)
    subscriber.subscribe("com.", match="prefix")
    publisher.publish(TOPIC, disclose_me=True)
    expected = identity(publisher, "alice", "operator") | {"topic": TOPIC}
    assert events(subscriber) == [[expected]]


def test_details_of_one_receiver_do_not_reach_another(router, serializer):
    """One publication, and for every receiver exactly what it is to know."""
    announced = ["subscriber.publication_trustlevels"]
    exact, pattern = (router.join(name, serializer=serializer) for name in "ab")
    knowing = router.join("c", serializer=serializer, announced=announced)
    late = router.join("d", serializer=serializer)
    exact.subscribe(TOPIC)
    pattern.subscribe("com.", match="prefix")
    knowing.subscribe(TOPIC)
    knowing.subscribe("com..", match="wildcard")
    publisher = router.join("alice", "ranked", serializer=serializer)
    publisher.publish(TOPIC, [1], disclose_me=True, retain=True)
    late.subscribe(TOPIC, get_retained=True)
    known = identity(publisher, "alice", "ranked")
    assert events(exact) == [[known, [1]]]
    assert events(pattern) == [[known | {"topic": TOPIC}, [1]]]
    trusted = known | {"trustlevel": 7}
    assert events(knowing) == [[trusted, [1]], [trusted | {"topic": TOPIC}, [1]]]
    assert events(late) == [[known | {"retained": True}, [1]]]


def test_role_may_be_disclosed_by_force(router, serializer):
    """Whether it asks or not."""
    publisher = router.join("alice", "shown", serializer=serializer)
    subscriber = router.join("bob", serializer=serializer)
    subscriber.subscribe(TOPIC)
    publisher.publish(TOPIC)
    publisher.publish(TOPIC, disclose_me=False)
    expected = identity(publisher, "alice", "shown")
    assert events(subscriber) == [[expected], [expected]]


def test_role_may_not_disclose_itself(router, serializer):
    """The publication fails, and nobody gets it; it is not stripped silently."""
    publisher = router.join("alice", "hidden", serializer=serializer)
    subscriber = router.join("bob", serializer=serializer)
    subscriber.subscribe(TOPIC)
    options = {"acknowledge": True, "disclose_me": True}
    answer = publisher.request(PUBLISH, options, TOPIC, [1])
    assert answer[:2] == [ERROR, PUBLISH]
    assert answer[4] == DISCLOSE_ME
    assert publisher.publish(TOPIC, [2])
    assert events(subscriber) == [[{}, [2]]]


def test_refused_disclosure_without_acknowledge_is_silent(router):
    """No answer, and no event."""
    publisher, subscriber = router.join("alice", "hidden"), router.join("bob")
    subscriber.subscribe(TOPIC)
    publisher.send(PUBLISH, publisher.next_request(), {"disclose_me": True}, TOPIC)
    assert publisher.until_now() == []
    assert events(subscriber) == []


def test_publisher_is_excluded_as_a_session_not_as_a_user(router, serializer):
    """Another session of the same user hears it; exclude_me=false includes oneself."""
    one = router.join("alice", serializer=serializer)
    other = router.join("alice", serializer=serializer)
    for client in (one, other):
        client.subscribe(TOPIC)
    one.publish(TOPIC, [1])
    one.publish(TOPIC, [2], exclude_me=False)
    assert payloads(one) == [[2]]
    assert payloads(other) == [[1], [2]]


def test_own_event_comes_after_published(router, serializer):
    """So that a client knows the publication ID when it hears itself."""
    client = router.join("alice", serializer=serializer)
    client.subscribe(TOPIC)
    request = client.next_request()
    client.send(PUBLISH, request, {"acknowledge": True, "exclude_me": False}, TOPIC)
    published, event = client.receive(), client.receive()
    assert published[:2] == [17, request]
    assert event[0] == EVENT
    assert event[2] == published[2]


@pytest.mark.parametrize(("role", "level"), [("ranked", 7), ("lowest", 0)])
def test_trustlevel_is_for_subscribers_that_know_it(router, role, level, serializer):
    """Others see no such key; a role without a level gives none."""
    knowing = router.join(
        "bob",
        serializer=serializer,
        announced=["subscriber.publication_trustlevels"],
    )
    other = router.join("carol", serializer=serializer)
    for client in (knowing, other):
        client.subscribe(TOPIC)
    router.join("alice", role).publish(TOPIC, [1])
    router.join("dave").publish(TOPIC, [2])
    assert events(knowing) == [[{"trustlevel": level}, [1]], [{}, [2]]]
    assert events(other) == [[{}, [1]], [{}, [2]]]


def test_passthru_keys_reach_every_subscriber(router, serializer):
    """Whatever the subscriber announced; the payload is not touched."""
    publisher = router.join(
        "alice",
        serializer=serializer,
        announced=["publisher.payload_passthru_mode"],
    )
    subscriber = router.join("bob", serializer=serializer)
    subscriber.subscribe(TOPIC)
    keys = {
        "ppt_scheme": "x_own",
        "ppt_serializer": "cbor",
        "ppt_cipher": "aes256gcm",
        "ppt_keyid": "7",
    }
    publisher.publish(TOPIC, ["opaque"], **keys)
    assert events(subscriber) == [[keys, ["opaque"]]]


def test_unannounced_passthru_is_a_violation(router, serializer):
    """ABORT, and nothing is delivered."""
    publisher = router.join("alice", serializer=serializer)
    subscriber = router.join("bob")
    subscriber.subscribe(TOPIC)
    publisher.send(PUBLISH, 1, {"ppt_scheme": "wamp"}, TOPIC, ["opaque"])
    assert "ppt_scheme" in publisher.aborted()
    assert events(subscriber) == []
