"""A client with the worst patterns that it may have keeps nobody waiting."""

from __future__ import annotations

import random
import time

import pytest

from tests.wamp.raw_client import ERROR, EVENT, PUBLISH, SUBSCRIBE, SUBSCRIBED

PUBLISHES = 100
SESSIONS = 4
PATTERNS = 2_500  # of each session


def patterns():
    """Each branches at every component; none fits an event."""
    chance = random.Random(5)
    found = set()
    while len(found) < SESSIONS * PATTERNS:
        found.add(".".join([*chance.choices(["", "a"], k=99), "zz"]))
    return sorted(found)


@pytest.mark.slow(reason="it has ten thousand subscriptions, over the wire")
def test_others_do_not_wait_for_events_that_fit_no_pattern(serve):
    """A hundred in a row, each with a topic of its own: each took 0.2 seconds once."""
    router = serve(pattern_subscriptions=PATTERNS)
    attackers = [router.join() for _ in range(SESSIONS)]
    attacker, other = attackers[0], router.join()
    hostile = patterns()
    for at, each in enumerate(attackers):
        for number, pattern in enumerate(hostile[at::SESSIONS], 1):
            each.send(SUBSCRIBE, number, {"match": "wildcard"}, pattern)
        answers = [each.receive() for _ in range(PATTERNS)]
        assert {message[0] for message in answers} == {SUBSCRIBED}
    started = time.monotonic()
    for number in range(PUBLISHES):
        topic = ".".join(["a"] * 98 + [f"b{number}", "a"])
        attacker.send(PUBLISH, PATTERNS + 1 + number, {}, topic)
    attacker.until_now()  # all of them are done
    assert other.until_now() == []
    assert time.monotonic() - started < PUBLISHES * 0.05
    for each in attackers:
        each.close()
    assert other.until_now() == []


def test_limit_of_patterns_is_an_error_that_disturbs_nobody(serve):
    """The session keeps what it has, and so do the others."""
    router = serve(pattern_subscriptions=5)
    attacker, other = router.join(), router.join()
    subscription = other.subscribe("com.", match="prefix")
    kept = {
        attacker.subscribe("com.example"[:size], match="prefix") for size in range(4, 9)
    }
    for number in range(10):
        answer = attacker.request(SUBSCRIBE, {"match": "wildcard"}, f"com..x{number}")
        assert answer[0] == ERROR
    publication = router.join().publish("com.example.topic")
    details = {"topic": "com.example.topic"}
    assert other.until_now() == [[EVENT, subscription, publication, details]]
    events = attacker.until_now()
    assert sorted(event[:3] for event in events) == [
        [EVENT, each, publication] for each in sorted(kept)
    ]
