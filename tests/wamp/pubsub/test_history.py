"""Event history: what a topic's past subscribers could have heard."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import msgpack
import pytest

from tests.wamp.fakes import Member, World
from tests.wamp.raw_client import CALL, ERROR, PUBLISH
from tests.wamp.realm_kit import (
    INVALID_ARGUMENT,
    NOT_AUTHORIZED,
    OPERATOR,
    error,
    explanation,
    result,
)
from wsocket import Permission, Remember, Role
from wsocket.wamp.protocol.client_messages import PublishOptions
from wsocket.wamp.pubsub.audience import Audience
from wsocket.wamp.pubsub.history import History, HistoryFilters, TopicLog
from wsocket.wamp.pubsub.publication import Publication
from wsocket.wamp.pubsub.subscriptions import Subscription
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK

TOPIC = "com.example.topic"
GET = "wamp.subscription.get_events"
READER = Role(
    "reader",
    [
        Permission("com.", "prefix", ["subscribe"]),
        Permission("wamp.", "prefix", ["call"]),
    ],
)
NOSY = Role("nosy", [Permission("wamp.", "prefix", ["call"])])


@pytest.fixture
def router(serve):
    return serve(
        roles=[OPERATOR, READER, NOSY],
        history=[
            Remember(TOPIC, limit=5),
            Remember("com.many.", match="prefix", limit=5),
            Remember("com..wild", match="wildcard"),
        ],
    )


@pytest.fixture
def publisher(router):
    return router.join("alice")


@pytest.fixture
def reader(router):
    return router.join("bob", "reader")


def numbers(found):
    return [record["args"][0] for record in found]


def test_record_says_everything_about_an_event(router, publisher, serializer):
    """When, what, who, and under which subscription."""
    reader = router.join("bob", "reader", serializer=serializer)
    subscription = reader.subscribe(TOPIC)
    before = datetime.now(timezone.utc) - timedelta(milliseconds=2)
    publication = publisher.publish(TOPIC, [1, "é"], {"k": [2]}, disclose_me=True)
    [record] = result(reader, GET, subscription)
    timestamp = record.pop("timestamp")
    assert timestamp.endswith("Z")
    moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    assert before <= moment <= datetime.now(timezone.utc)
    assert record == {
        "subscription": subscription,
        "publication": publication,
        "details": {
            "topic": TOPIC,
            "publisher": publisher.session,
            "publisher_authid": "alice",
            "publisher_authrole": "operator",
        },
        "args": [1, "é"],
        "kwargs": {"k": [2]},
    }


def test_oldest_event_comes_first_and_the_log_is_bounded(publisher, reader):
    """Of seven events five remain."""
    for number in range(7):
        publisher.publish(TOPIC, [number])
    subscription = reader.subscribe(TOPIC)
    assert numbers(result(reader, GET, subscription)) == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"limit": 2}, [0, 1]),
        ({"limit": 0}, []),
        ({"limit": 99}, [0, 1, 2, 3, 4]),
        ({"reverse": True}, [4, 3, 2, 1, 0]),
        ({"reverse": False}, [0, 1, 2, 3, 4]),
        ({"reverse": True, "limit": 2}, [4, 3]),
        ({"reverse": None, "limit": None}, [0, 1, 2, 3, 4]),
        ({"topic": TOPIC}, [0, 1, 2, 3, 4]),
        ({"topic": "com.example.other"}, []),
        ({"from_publication": 2}, [2, 3, 4]),
        ({"after_publication": 2}, [3, 4]),
        ({"before_publication": 2}, [0, 1]),
        ({"until_publication": 2}, [0, 1, 2]),
        ({"after_publication": 0, "until_publication": 3}, [1, 2, 3]),
        ({"after_publication": 3, "before_publication": 1}, []),
        ({"from_publication": 1, "reverse": True, "limit": 1}, [4]),
    ],
)
def test_filters_are_combined(publisher, reader, filters, expected):
    """Every filter that is given must let an event pass; publications are by index."""
    ids = [publisher.publish(TOPIC, [number]) for number in range(5)]
    given = {
        name: ids[value] if name.endswith("_publication") and value >= 0 else value
        for name, value in filters.items()
    }
    subscription = reader.subscribe(TOPIC)
    assert numbers(result(reader, GET, subscription, **given)) == expected


NOON = datetime(2023, 11, 14, 12, tzinfo=timezone.utc)


def past_events(*, seconds=(-1, 0, 1), **filters):
    """What a history finds of three events: before, at and after noon."""
    history = History([TopicLog(TOPIC, "exact", limit=9, limit_bytes=10_000)])
    for number, after_noon in enumerate(seconds):
        publication = Publication(
            1 + number,
            TOPIC,
            Payload.of(MESSAGEPACK, [number]),
            details={},
            audience=Audience(PublishOptions(), publisher=99),
            time=NOON.timestamp() + after_noon,
            trustlevel=None,
        )
        history.store(publication)
    subscription = Subscription(1, TOPIC, match="exact", created=0.0)
    reader = Member(World()).session
    found = history.events(subscription, reader, HistoryFilters(filters))
    return [event.payload.values()[0][0] for event in found]


@pytest.mark.parametrize(
    "bound",
    [
        *(
            NOON.astimezone(timezone(timedelta(hours=h))).isoformat()
            for h in (0, 5, -11)
        ),
        "2023-11-14T12:00:00Z",
        "2023-11-14t12:00:00.000z",
    ],
)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("from_time", [1, 2]),
        ("after_time", [2]),
        ("before_time", [0]),
        ("until_time", [0, 1]),
    ],
)
def test_times_are_bounds(name, expected, bound):
    """A bound is inclusive or not, as its name says, in any offset from UTC."""
    assert past_events(**{name: bound}) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"reverse": True}, [3, 2, 1, 0]),
        ({"after_publication": 2}, [2, 3]),
        ({"before_publication": 3}, [0, 1]),
        ({"limit": 2}, [0, 1]),
        ({"from_time": "2023-11-14T12:00:00Z"}, [0, 1, 3]),
        ({"before_time": "2023-11-14T12:00:00Z"}, [2]),
    ],
)
def test_order_is_that_of_arrival_when_the_clock_is_set_back(filters, expected):
    """By a minute between the second event and the third; times stay as they were."""
    assert past_events(seconds=(0, 1, -59, 2), **filters) == expected


def test_events_of_several_logs_come_in_the_order_of_arrival(serve):
    """Also with a clock that stands still: times decide nothing."""
    router = serve(history=[Remember("com.b"), Remember("com.a"), Remember("com.c")])
    client, publisher = router.join(), router.join("alice")
    topics = ["com.a", "com.b", "com.c", "com.b", "com.a"]
    for topic in topics:
        publisher.publish(topic, [topic])
    subscription = client.subscribe("com.", match="prefix")
    assert numbers(result(client, GET, subscription)) == topics
    found = result(client, GET, subscription, reverse=True, limit=2)
    assert numbers(found) == ["com.a", "com.b"]


BOUNDS = [
    "from_publication",
    "after_publication",
    "before_publication",
    "until_publication",
]


@pytest.mark.parametrize("bound", BOUNDS)
def test_event_that_is_no_longer_kept_is_no_bound(publisher, reader, bound):
    """The caller must be able to tell a gap from nothing new."""
    ids = [publisher.publish(TOPIC, [number]) for number in range(7)]
    subscription = reader.subscribe(TOPIC)
    for forgotten in ids[:2]:
        answer = reader.request(CALL, {}, GET, [subscription], {bound: forgotten})
        assert answer[4] == "wamp.error.no_such_publication"
        assert bound in explanation(answer)
        assert str(forgotten) in explanation(answer)
    assert result(reader, GET, subscription, after_publication=ids[-1]) == []


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("which", ["unknown", "topic", "hidden", "listed"])
def test_event_that_the_reader_could_not_get_is_no_bound(
    publisher, reader, bound, which
):
    """Nor does the answer tell that there is such an event."""
    publisher.publish(TOPIC, [1])
    publication = {
        "unknown": lambda: 1,
        "topic": lambda: publisher.publish("com.many.x"),
        "hidden": lambda: publisher.publish(TOPIC, eligible_authrole=["operator"]),
        "listed": lambda: publisher.publish(TOPIC, eligible=[reader.session]),
    }[which]()
    subscription = reader.subscribe(TOPIC)
    found = error(reader, GET, subscription, **{bound: publication})
    assert found == "wamp.error.no_such_publication"


@pytest.mark.parametrize("options", [{}, {"exclude_me": False, "eligible_authid": []}])
def test_own_event_is_a_bound(publisher, options):
    """Its publisher may not read it, but knows it: nothing is missing."""
    publisher.publish(TOPIC, [1])
    own = publisher.publish(TOPIC, [2], **options)
    publisher.publish(TOPIC, [3], exclude_me=False)
    subscription = publisher.subscribe(TOPIC)

    def found(bound: str) -> list[int]:
        return numbers(result(publisher, GET, subscription, **{bound: own}))

    assert found("after_publication") == found("from_publication") == [3]
    assert found("before_publication") == found("until_publication") == []


def test_one_of_two_bounds_that_is_gone_is_enough(publisher, reader):
    """What is between them is not known."""
    ids = [publisher.publish(TOPIC, [number]) for number in range(7)]
    subscription = reader.subscribe(TOPIC)
    bounds = {"after_publication": ids[0], "before_publication": ids[6]}
    found = error(reader, GET, subscription, **bounds)
    assert found == "wamp.error.no_such_publication"


def test_long_history_is_read_in_pages(serve):
    """At most a thousand events in an answer; the last one leads to the next page."""
    router = serve(history=[Remember(TOPIC, limit=2_500)])
    publisher, reader = router.join("alice"), router.join("bob")
    for number in range(2_400):
        publisher.send(PUBLISH, publisher.next_request(), {}, TOPIC, [number])
    publisher.until_now()
    subscription = reader.subscribe(TOPIC)
    page = result(reader, GET, subscription)
    found = numbers(page)
    assert len(page) == 1000
    while page:
        after = page[-1]["publication"]
        page = result(reader, GET, subscription, after_publication=after, limit=1000)
        found += numbers(page)
    assert found == list(range(2_400))
    answer = reader.request(CALL, {}, GET, [subscription], {"limit": 1001})
    assert answer[4] == INVALID_ARGUMENT
    assert "limit" in explanation(answer)
    assert "1000" in explanation(answer)


def test_times_are_filters_over_the_wire(publisher, reader):
    """An event of today is after the year 2000, and not before."""
    publisher.publish(TOPIC, [1])
    subscription = reader.subscribe(TOPIC)
    bound = "2000-01-01T00:00:00Z"
    assert numbers(result(reader, GET, subscription, after_time=bound)) == [1]
    assert numbers(result(reader, GET, subscription, before_time=bound)) == []


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"reverse": 1}, "reverse"),
        ({"limit": "2"}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 1.5}, "limit"),
        ({"topic": 1}, "topic"),
        ({"from_publication": "x"}, "from_publication"),
        ({"from_publication": True}, "from_publication"),
        ({"from_time": 0}, "from_time"),
        ({"from_time": "yesterday"}, "from_time"),
        ({"until_time": "2026-01-01T00:00:00"}, "until_time"),
        ({"until_time": "2026-13-01T00:00:00Z"}, "until_time"),
        ({"until_time": ""}, "until_time"),
        ({"nonsense": 1}, "nonsense"),
        ({"self": 1}, "self"),
    ],
)
def test_wrong_filter_is_an_invalid_argument(reader, filters, named):
    """And the error names it."""
    subscription = reader.subscribe(TOPIC)
    answer = reader.request(CALL, {}, GET, [subscription], filters)
    assert answer[4] == INVALID_ARGUMENT
    assert named in explanation(answer)


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z"]
)
def test_times_at_the_end_of_the_calendar_are_times(publisher, reader, moment):
    """They are before or after everything."""
    publisher.publish(TOPIC, [1])
    subscription = reader.subscribe(TOPIC)
    is_early = moment.startswith("0001")
    found = result(reader, GET, subscription, from_time=moment)
    assert numbers(found) == ([1] if is_early else [])


def test_publication_of_another_topic_can_be_a_bound(publisher, reader):
    """The filters are ANDed: the bound itself need not pass the others."""
    publisher.publish("com.many.a", [1])
    bound = publisher.publish("com.many.b", [2])
    publisher.publish("com.many.a", [3])
    subscription = reader.subscribe("com.many.", match="prefix")
    found = result(
        reader, GET, subscription, topic="com.many.a", after_publication=bound
    )
    assert numbers(found) == [3]


def test_patterns_are_read_by_any_subscription_that_fits(publisher, reader):
    """A log of a family serves exact, prefix and wildcard subscriptions."""
    publisher.publish("com.many.a", [1])
    publisher.publish("com.many.b", [2])
    publisher.publish("com.many.wild.x", [3])
    publisher.publish("com.x.wild", [4])
    for uri, match, expected in (
        ("com.many.a", "exact", [1]),
        ("com.many.", "prefix", [1, 2, 3]),
        ("com.many.", "wildcard", [1, 2]),
        ("com.", "prefix", [1, 2, 3, 4]),
        ("com..wild", "wildcard", [4]),
        ("com.none", "exact", []),
    ):
        subscription = reader.subscribe(uri, match=match)
        assert numbers(result(reader, GET, subscription)) == expected, (uri, match)


def test_event_in_two_logs_is_one_event(serve):
    """An exact log and one of a family may both have it."""
    router = serve(history=[Remember(TOPIC), Remember("com.", match="prefix")])
    client = router.join()
    router.join("alice").publish(TOPIC, [1])
    subscription = client.subscribe(TOPIC)
    assert numbers(result(client, GET, subscription)) == [1]


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        ({"eligible_authid": ["bob"]}, True),
        ({"eligible_authid": ["carol"]}, False),
        ({"eligible_authid": []}, False),
        ({"exclude_authid": ["bob"]}, False),
        ({"eligible_authrole": ["reader"]}, True),
        ({"eligible_authrole": ["operator"]}, False),
        ({"exclude_authrole": ["reader"]}, False),
    ],
)
def test_reader_must_have_been_eligible(publisher, reader, options, heard):
    """The lists of authids and authroles are applied to whoever asks."""
    subscription = reader.subscribe(TOPIC)
    publisher.publish(TOPIC, [1], **options)
    assert numbers(result(reader, GET, subscription)) == ([1] if heard else [])


@pytest.mark.parametrize("name", ["eligible", "exclude"])
@pytest.mark.parametrize("listed", ["reader", "nobody"])
def test_event_for_listed_sessions_is_not_remembered(publisher, reader, name, listed):
    """Session IDs mean nothing later: not even the listed session finds it."""
    subscription = reader.subscribe(TOPIC)
    sessions = [reader.session] if listed == "reader" else []
    publisher.publish(TOPIC, [1], **{name: sessions})
    assert result(reader, GET, subscription) == []


def test_reader_must_be_allowed_to_subscribe(router, publisher, reader):
    """Somebody else's subscription is no way around that."""
    publisher.publish(TOPIC, [1])
    subscription = reader.subscribe(TOPIC)
    nosy = router.join("eve", "nosy")
    assert error(nosy, GET, subscription) == NOT_AUTHORIZED
    other = router.join("carol", "reader")
    assert numbers(result(other, GET, subscription)) == [1]


def test_unknown_subscription_has_no_history(reader):
    """Nor has one that is not an ID."""
    assert error(reader, GET, 2**53) == "wamp.error.no_such_subscription"
    for wrong in ("1", None, True, 1.5, [1]):
        assert error(reader, GET, wrong) == INVALID_ARGUMENT
    assert error(reader, GET) == INVALID_ARGUMENT


def test_refused_publication_is_not_remembered(reader):
    """Only what was published is."""
    subscription = reader.subscribe(TOPIC)
    answer = reader.request(16, {"acknowledge": True}, TOPIC, [1])
    assert answer[0] == ERROR
    assert result(reader, GET, subscription) == []


def test_payload_is_converted_for_the_reader(router, publisher, serializer):
    """Bytes, too."""
    router.join("carol", serializer="cbor").publish(TOPIC, [b"\x00\xff"])
    reader = router.join("bob", "reader", serializer=serializer)
    [record] = result(reader, GET, reader.subscribe(TOPIC))
    assert record["args"] == ["\0AP8=" if serializer == "json" else b"\x00\xff"]


@pytest.mark.parametrize("serializer", ["json", "cbor"])
def test_unreadable_event_does_not_spoil_the_history(router, publisher, serializer):
    """One that the reader's serializer has no form for is left out."""
    publisher.publish(TOPIC, [1])
    eve = router.join("eve", serializer="msgpack")
    eve.publish(TOPIC, [msgpack.ExtType(5, b"x")])
    publisher.publish(TOPIC, [2])
    reader = router.join("bob", "reader", serializer=serializer)
    assert numbers(result(reader, GET, reader.subscribe(TOPIC))) == [1, 2]


def test_history_needs_no_subscriber_at_the_time(publisher, reader):
    """It was kept for those who come later."""
    started = time.time()
    publisher.publish(TOPIC, [1])
    publisher.leave()
    [record] = result(reader, GET, reader.subscribe(TOPIC))
    moment = datetime.fromisoformat(record["timestamp"].replace("Z", "+00:00"))
    assert abs(moment.timestamp() - started) < 10
