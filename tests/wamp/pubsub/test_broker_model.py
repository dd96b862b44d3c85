"""The broker against a model: subscribers come and go, publishers choose whom to reach.

The model tests every subscriber of every subscription, one by one, for every event.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.wamp.fakes import Member, World
from tests.wamp.raw_client import EVENT, PUBLISHED, SUBSCRIBED, UNSUBSCRIBED

COMPONENTS = st.sampled_from(["a", "b", "ab"])
TOPICS = st.lists(COMPONENTS, min_size=1, max_size=3).map(".".join)
WILDCARDS = st.lists(COMPONENTS | st.just(""), min_size=1, max_size=3).map(".".join)
PATTERNS = (
    st.tuples(TOPICS, st.just("exact"))
    | st.tuples(TOPICS | st.sampled_from(["", "a.", "ab.b."]), st.just("prefix"))
    | st.tuples(WILDCARDS, st.just("wildcard"))
)
NAMES = ["alice", "bob", None]
CHOICE = st.integers(0, 1000)  # which of several possibilities a rule acts on
# Members by number, users by name; everybody has the role "anonymous".
LISTED: dict[str, st.SearchStrategy[Any]] = {
    "eligible": st.lists(st.integers(0, 7), max_size=5),
    "exclude": st.lists(st.integers(0, 7), max_size=2),
    "eligible_authid": st.lists(st.sampled_from(["alice", "bob"]), max_size=2),
    "exclude_authid": st.lists(st.sampled_from(["alice", "bob"]), max_size=1),
    "eligible_authrole": st.just(["anonymous"]),
    "exclude_authrole": st.lists(st.sampled_from(["anonymous", "x"]), max_size=1),
}
# Most often none or one: several at once let hardly anybody pass.
LISTS = st.one_of(
    st.just({}),
    *(st.fixed_dictionaries({key: LISTED[key]}) for key in LISTED),
    st.fixed_dictionaries({}, optional=LISTED),
)


def fits(topic: str, pattern: str, match: str) -> bool:
    """Whether an event of *topic* is one for (*pattern*, *match*)."""
    if match == "exact":
        return topic == pattern
    if match == "prefix":
        return topic.startswith(pattern)
    components = (re.escape(each) or "[^.]+" for each in pattern.split("."))
    return re.fullmatch(r"\.".join(components), topic) is not None


class Event(NamedTuple):
    """What was published, and by whom."""

    topic: str
    publication: int
    payload: list[Any]
    publisher: Peer
    options: dict[str, Any]

    def reaches(self, peer: Peer) -> bool:
        """Every list that is there must let the receiver pass."""
        if self.options.get("exclude_me", True) and peer is self.publisher:
            return False
        for key, value in (
            ("", peer.id),
            ("_authid", peer.name),
            ("_authrole", "anonymous"),
        ):
            if value not in self.options.get("eligible" + key, [value]):
                return False
            if value in self.options.get("exclude" + key, []):
                return False
        return True

    def sent(self, subscription: int, match: str, **more: Any) -> list[Any]:
        """The EVENT for a subscription."""
        details = dict(more)
        if match != "exact":
            details["topic"] = self.topic
        if self.options.get("disclose_me"):
            details["publisher"] = self.publisher.id
            details["publisher_authid"] = self.publisher.name
            details["publisher_authrole"] = "anonymous"
        return [EVENT, subscription, self.publication, details, *self.payload]


class Peer:
    """A session, and what it has subscribed to."""

    def __init__(self, world: World, name: str | None) -> None:
        self.member = Member(world, authid=name)
        self.id = self.member.session.id
        self.name = self.member.session.authid
        self.held: dict[tuple[str, str], int] = {}

    def take(self) -> list[list[Any]]:
        """What arrived, but for the meta events that fit a pattern as well."""
        return [
            message
            for message in self.member.take()
            if not (
                message[0] == EVENT and message[3].get("topic", "").startswith("wamp.")
            )
        ]


def in_any_order(messages: list[list[Any]]) -> list[str]:
    """A text for each, which is the same for dicts with the same items."""
    return sorted(json.dumps(each, sort_keys=True) for each in messages)


class Broker(RuleBasedStateMachine):
    """Whoever should get an event gets it once for each of its subscriptions."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.peers: list[Peer] = []
        self.ids: list[int] = []  # also of those that left
        self.retained: dict[str, list[Event]] = {}  # by topic, the oldest first
        self.published = 0

    @initialize(
        names=st.lists(st.sampled_from(NAMES), min_size=2, max_size=4),
        subscriptions=st.lists(st.tuples(CHOICE, PATTERNS), min_size=5, max_size=12),
    )
    def begin(
        self, names: list[str | None], subscriptions: list[tuple[int, tuple[str, str]]]
    ) -> None:
        for name in names:
            self.join(name)
        for choice, pattern in subscriptions:
            self.subscribe(choice, pattern, False)

    def _peer(self, choice: int) -> Peer:
        return self.peers[choice % len(self.peers)]

    @rule(name=st.sampled_from(NAMES))
    def join(self, name: str | None) -> None:
        self.peers.append(Peer(self.world, name))
        self.ids.append(self.peers[-1].id)

    @precondition(lambda self: len(self.peers) > 2)
    @rule(choice=CHOICE)
    def leave(self, choice: int) -> None:
        peer = self.peers.pop(choice % len(self.peers))
        peer.member.disconnect()
        assert peer.take() == []

    @rule(choice=CHOICE, pattern=PATTERNS, get_retained=st.booleans())
    def subscribe(
        self, choice: int, pattern: tuple[str, str], get_retained: bool
    ) -> None:
        peer = self._peer(choice)
        peer.member.subscribe(*pattern, request=7, get_retained=get_retained)
        [[code, request, subscription], *events] = peer.take()
        assert (code, request) == (SUBSCRIBED, 7)
        shared = {each.held[pattern] for each in self.peers if pattern in each.held}
        assert shared <= {subscription}
        peer.held[pattern] = subscription
        expected = [
            event.sent(subscription, pattern[1], retained=True)
            for topic in self.retained
            if get_retained and fits(topic, *pattern)
            for event in self._latest(topic, peer)
        ]
        assert in_any_order(events) == in_any_order(expected)

    @rule(choice=CHOICE, which=CHOICE)
    def unsubscribe(self, choice: int, which: int) -> None:
        peer = self._peer(choice)
        if peer.held:
            pattern = list(peer.held)[which % len(peer.held)]
            peer.member.unsubscribe(peer.held.pop(pattern), request=8)
            assert peer.take() == [[UNSUBSCRIBED, 8]]

    @rule(
        choice=CHOICE,
        topic=TOPICS,
        lists=LISTS,
        flags=st.fixed_dictionaries(
            {},
            optional={
                "exclude_me": st.booleans(),
                "disclose_me": st.booleans(),
                "retain": st.just(True),
            },
        ),
        empty=st.booleans(),
    )
    def publish(
        self,
        choice: int,
        topic: str,
        lists: dict[str, Any],
        flags: dict[str, bool],
        empty: bool,
    ) -> None:
        publisher = self._peer(choice)
        self.published += 1
        options: dict[str, Any] = {**lists, **flags}
        for key in {"eligible", "exclude"} & options.keys():
            options[key] = [self.ids[each % len(self.ids)] for each in options[key]]
        payload = [] if empty else [self.published]
        publisher.member.publish(topic, *payload, acknowledge=True, **options)
        [[code, request, publication], *own] = publisher.take()
        assert (code, request) == (PUBLISHED, 1)
        event = Event(
            topic, publication, [payload] if payload else [], publisher, options
        )
        if "retain" in options:
            self._retain(event)
        self._check(event, own)

    def _retain(self, event: Event) -> None:
        """One without payload takes the place of others, and is none itself."""
        if not event.payload and not LISTED.keys() & event.options.keys():
            self.retained.pop(event.topic, None)
        else:
            self.retained.setdefault(event.topic, []).append(event)

    def _latest(self, topic: str, peer: Peer) -> list[Event]:
        """The latest event of *topic* that *peer* may have, if there is one."""
        for event in reversed(self.retained[topic]):
            if event.reaches(peer):
                return [event] if event.payload else []
        return []

    def _check(self, event: Event, own: list[list[Any]]) -> None:
        for peer in self.peers:
            expected = [
                event.sent(subscription, pattern[1])
                for pattern, subscription in peer.held.items()
                if fits(event.topic, *pattern) and event.reaches(peer)
            ]
            found = own if peer is event.publisher else peer.take()
            assert in_any_order(found) == in_any_order(expected)

    @invariant()
    def nobody_hears_anything_else(self) -> None:
        for peer in self.peers:
            assert peer.take() == []

    def teardown(self) -> None:
        for peer in self.peers:
            peer.member.disconnect()
        assert self.world.held() == []


Broker.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
test_events_reach_whom_the_model_says = pytest.mark.slow(
    reason="thousands of random steps"
)(Broker.TestCase)
