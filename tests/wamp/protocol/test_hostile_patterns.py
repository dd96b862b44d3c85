"""A look-up among patterns ends soon and finds the right ones, whatever they are.

Times are those of this thread alone, the best of a few, and many times what is needed.
"""

from __future__ import annotations

import random
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wamp.fakes import Member, World
from tests.wamp.raw_client import EVENT, REGISTERED, SUBSCRIBED
from wsocket.wamp.protocol.client_messages import Register, RegisterOptions
from wsocket.wamp.protocol.patterns import PatternMap, pattern_size

LOOK_UP = 0.02  # seconds; a tenth of a second was possible
MANY = 10_000


def fits(pattern, match, uri):
    if match == "prefix":
        return uri.startswith(pattern)
    ours, theirs = pattern.split("."), uri.split(".")
    return len(ours) == len(theirs) and all(
        not a or a == b for a, b in zip(ours, theirs, strict=True)
    )


def literals(pattern):
    """The greater, the better among wildcards that fit."""
    return [component != "" for component in pattern.split(".")]


def registry_of(patterns, match="wildcard"):
    registry = PatternMap()
    for pattern in patterns:
        registry.add(pattern, match, pattern)
    return registry


def seconds(function, *args):
    """What a call costs, at best."""
    times = []
    for _ in range(5):
        started = time.thread_time()
        function(*args)
        times.append(time.thread_time() - started)
    return min(times)


def hostile(count, size, last, *, alphabet=("", "a")):
    """Different patterns with as many branches as they can have."""
    chance = random.Random(7)
    found = set()
    while len(found) < count:
        start = chance.choices(alphabet, k=size - 1)
        found.add(".".join([*start, last]))
    return sorted(found)


# They find what an oracle finds

COMPONENTS = st.sampled_from(["", "a", "b"])
OF_FIVE = st.lists(COMPONENTS, min_size=5, max_size=5).map(".".join)


@given(
    patterns=st.lists(OF_FIVE, max_size=60, unique=True),
    removed=st.sets(st.integers(0, 59)),
    added=st.lists(OF_FIVE, max_size=30),
    uri=OF_FIVE,
)
@settings(max_examples=200)
def test_wildcards_of_many_shapes_are_found(patterns, removed, added, uri):
    """More shapes than an application has, while patterns come and go."""
    registry = registry_of(patterns)
    for number in removed:
        if number < len(patterns):
            registry.remove(patterns[number], "wildcard")
    left = {each for at, each in enumerate(patterns) if at not in removed}
    for pattern in added:
        if pattern not in left:
            left.add(pattern)
            registry.add(pattern, "wildcard", pattern)
    expected = [each for each in left if fits(each, "wildcard", uri)]
    assert sorted(registry.matching(uri)) == sorted(expected)
    assert registry.best(uri) == max(expected, key=literals, default=None)
    assert sorted(registry.entries("wildcard")) == sorted(left)


def test_thousands_of_wildcards_are_found_while_they_come_and_go():
    """With so many components that some of them have a part of their hash in common."""
    chance = random.Random(3)
    alphabet = [f"c{number}" for number in range(150)]

    def pattern():
        return ".".join(
            chance.choice(["", each]) for each in chance.sample(alphabet, 6)
        )

    there = {pattern() for _ in range(4_000)}
    registry = registry_of(there)
    for _ in range(3):
        for each in chance.sample(sorted(there), 1_500):
            there.remove(each)
            registry.remove(each, "wildcard")
        for _ in range(1_500):
            each = pattern()
            if each not in there:
                there.add(each)
                registry.add(each, "wildcard", each)
        for uri in (".".join(chance.sample(alphabet, 6)) for _ in range(30)):
            expected = [each for each in there if fits(each, "wildcard", uri)]
            assert sorted(registry.matching(uri)) == sorted(expected)
            assert registry.best(uri) == max(expected, key=literals, default=None)
    for each in there:
        registry.remove(each, "wildcard")
    assert list(registry.entries("wildcard")) == []
    assert registry.matching(uri) == []


BASE = "abc.ef" * 200
LENGTHS = st.one_of(st.sampled_from([0, 255, 256, 257, 511, 512]), st.integers(0, 1100))


@given(
    prefixes=st.lists(st.tuples(LENGTHS, st.sampled_from(["", "x"])), max_size=30),
    uri=st.tuples(LENGTHS, st.sampled_from(["", "x", "xy"])),
    removed=st.integers(0, 30),
)
@settings(max_examples=150)
def test_long_prefixes_are_found(prefixes, uri, removed):
    """Wherever they end, and whatever they have in common."""
    patterns = list(dict.fromkeys(BASE[:length] + end for length, end in prefixes))
    registry = registry_of(patterns, "prefix")
    for pattern in patterns[:removed]:
        registry.remove(pattern, "prefix")
    wanted = BASE[: uri[0]] + uri[1]
    expected = [each for each in patterns[removed:] if fits(each, "prefix", wanted)]
    assert registry.matching(wanted) == sorted(expected, key=len)
    assert registry.best(wanted) == max(expected, key=len, default=None)


# They find it soon

HOSTILE = {
    "at the end": lambda: hostile(MANY, 100, "zz"),
    "in the middle": lambda: [f"{each}.zz.{each}" for each in hostile(MANY, 49, "a")],
    "few components": lambda: hostile(MANY, 15, "zz"),
    "two literals": lambda: hostile(MANY, 100, "zz", alphabet=("", "a", "b")),
    "many literals": lambda: hostile(MANY, 50, "zz", alphabet=("", *"abcdefghij")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_event_that_fits_none_of_many_wildcards_is_cheap(name):
    """Each branches at every component, and one of them fits nothing."""
    patterns = HOSTILE[name]()
    registry = registry_of(patterns)
    size = 1 + patterns[0].count(".")
    for last in ("a", "b", "y1"):
        uri = ".".join(["a"] * (size - 1) + [last])
        assert registry.matching(uri) == []
        assert seconds(registry.matching, uri) < LOOK_UP
        assert seconds(registry.best, uri) < LOOK_UP


def test_call_that_fits_all_of_many_wildcards_is_cheap():
    """The best of them is found without a look at each."""
    patterns = hostile(MANY, 100, "a")
    registry = registry_of(patterns)
    uri = ".".join(["a"] * 100)
    assert registry.best(uri) == max(patterns, key=literals)
    assert seconds(registry.best, uri) < LOOK_UP


@pytest.mark.parametrize("end", ["", "!"], ids=["all fit", "none fits"])
def test_prefixes_of_all_lengths_are_cheap(end):
    """As many as a URI can have."""
    registry = registry_of(["😀" * length + end for length in range(8_192)], "prefix")
    uri = "😀" * 8_192
    assert len(registry.matching(uri)) == (0 if end else 8_192)
    assert seconds(registry.matching, uri) < LOOK_UP
    assert seconds(registry.best, uri) < LOOK_UP


def test_a_thousand_hostile_wildcards_are_removed_at_once():
    """The cost of one does not depend on the number of the others."""
    patterns = hostile(MANY, 100, "zz")
    registry = registry_of(patterns)
    portions = []
    for start in range(0, MANY, 1_000):
        started = time.thread_time()
        for pattern in patterns[start : start + 1_000]:
            registry.remove(pattern, "wildcard")
        portions.append(time.thread_time() - started)
    assert sorted(portions)[len(portions) // 2] < LOOK_UP


@pytest.mark.slow(reason="sends thousands of patterns")
def test_session_with_hostile_patterns_delays_nobody():
    """Ten have all that they may have; an event and a leave are still short."""
    world = World()
    patterns = iter(hostile(20 * 1_000, 100, "zz"))
    members = [Member(world) for _ in range(10)]
    for member in members:
        for request in range(1, 1_001):
            member.subscribe(next(patterns), "wildcard", request=request)
            options = RegisterOptions(match="wildcard")
            member.session.handle(Register(2_000 + request, options, next(patterns)))
        answers = [message[0] for message in member.take() if message[0] != EVENT]
        assert answers == [SUBSCRIBED, REGISTERED] * 1_000
    publisher = Member(world)
    uri = ".".join(["a"] * 100)
    assert seconds(publisher.publish, uri, 1) < LOOK_UP
    assert seconds(publisher.call, uri, 1) < LOOK_UP
    times = []
    for member in members:
        started = time.thread_time()
        member.disconnect()
        times.append(time.thread_time() - started)
    assert sorted(times)[len(times) // 2] < 3 * LOOK_UP
    assert world.realm.subscriptions == world.realm.registrations == ()


# They cost little memory

WEIGHED = {
    "exact": ("exact", lambda number: f"com.example.topic{number}"),
    "prefix": ("prefix", lambda number: f"com.example.topic{number}"),
    "long prefixes": ("prefix", lambda number: f"{number:04}" * 1_000),
    "wide characters": ("exact", lambda number: f"com.ž{number}" * 50),
    "one shape": ("wildcard", lambda number: f"com..topic{number}"),
    "many shapes": (
        "wildcard",
        lambda number: f"{number:099b}".replace("0", ".").replace("1", ".a"),
    ),
    "many components": (
        "wildcard",
        lambda number: ".".join(f"c{number}x{at}" * (at % 7 != 0) for at in range(99)),
    ),
}


@pytest.mark.parametrize("name", WEIGHED)
def test_size_of_a_pattern_is_about_its_memory(name):
    """Never less than two thirds of it, nor many times as much."""
    match, make = WEIGHED[name]
    patterns = [make(number) for number in range(300)]
    texts = [pattern.encode() for pattern in patterns]
    registry = PatternMap()
    tracemalloc.start()
    try:
        for number, text in enumerate(texts):
            registry.add(text.decode(), match, number)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    charged = sum(pattern_size(pattern, match) for pattern in patterns)
    assert used / 1.5 < charged < 20 * used
