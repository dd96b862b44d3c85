"""Prefix and wildcard matching (Advanced Profile, "Pattern-based Subscriptions" and
"Pattern-based Registrations")."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.wamp.raw_client import ERROR, EVENT, REGISTER, SUBSCRIBE, UNSUBSCRIBE
from wsocket.wamp.protocol.patterns import PatternMap

# The specification's own example, its fifth registration corrected: as printed, the
# prefix in 2 fits the URI that is said to reach 5.
EXAMPLE_REGISTRATIONS = {
    1: ("a1.b2.c3.d4.e55", "exact"),
    2: ("a1.b2.c3", "prefix"),
    3: ("a1.b2.c3.d4", "prefix"),
    4: ("a1.b2..d4.e5", "wildcard"),
    5: ("a1.b2.c44..e5", "wildcard"),
    6: ("a1.b2..d4.e5..g7", "wildcard"),
    7: ("a1.b2..d4..f6.g7", "wildcard"),
}
EXAMPLE_CALLS = {
    "a1.b2.c3.d4.e55": 1,
    "a1.b2.c3.d98.e74": 2,
    "a1.b2.c3.d4.e325": 3,
    "a1.b2.c55.d4.e5": 4,
    "a1.b2.c44.d4.e5": 5,
    "a1.b2.c88.d4.e5.f6.g7": 6,
    "a2.b2.c2.d2.e2": None,
}


def heard(client):
    """What came until now, except for the meta events that fit the pattern as well."""
    return [
        message
        for message in client.until_now()
        if message[0] != EVENT or not message[3]["topic"].startswith("wamp.")
    ]


def test_specification_example_of_calls(join, serializer):
    """Exactly one registration is chosen: exact, longest prefix, best wildcard."""
    callee, caller = join(serializer), join(serializer)
    ids = {
        callee.register(uri, match=match): number
        for number, (uri, match) in EXAMPLE_REGISTRATIONS.items()
    }
    for procedure, expected in EXAMPLE_CALLS.items():
        caller.call(procedure)
        if expected is None:
            assert caller.receive()[4] == "wamp.error.no_such_procedure"
            continue
        _, registration, details = callee.invoked()
        assert ids[registration] == expected
        assert details == ({} if expected == 1 else {"procedure": procedure})
    assert callee.until_now() == []


@pytest.mark.parametrize("reverse", [False, True])
def test_specification_example_in_the_registry(reverse):
    """Whatever the order of registration."""
    registry = PatternMap[int]()
    items = list(EXAMPLE_REGISTRATIONS.items())
    for number, (uri, match) in reversed(items) if reverse else items:
        registry.add(uri, match, number)
    assert {uri: registry.best(uri) for uri in EXAMPLE_CALLS} == EXAMPLE_CALLS


def test_printed_example_goes_to_the_prefix():
    """c33 begins with c3: the string rule, which the prefix section gives."""
    registry = PatternMap[str]()
    registry.add("a1.b2.c3", "prefix", "prefix")
    registry.add("a1.b2.c33..e5", "wildcard", "wildcard")
    assert registry.best("a1.b2.c33.d4.e5") == "prefix"


@pytest.mark.parametrize(
    ("prefix", "fits", "fits_not"),
    [
        (
            "com.app",
            ["com.app", "com.apple", "com.app.x"],
            ["com.ap", "com", "xcom.app"],
        ),
        ("com.app.", ["com.app.x", "com.app.x.y"], ["com.app", "com.apple"]),
        ("", ["a", "a.b.c", "ž"], []),
        ("c", ["c", "com", "com.app"], ["a", "C"]),
    ],
)
def test_prefix_compares_as_a_string(join, serializer, uri, prefix, fits, fits_not):
    """Not component by component; the empty prefix fits everything."""
    subscriber, publisher = join(serializer), join(serializer)
    subscription = subscriber.subscribe(prefix, match="prefix")
    for topic in [*fits, *fits_not]:
        publication = publisher.publish(topic)
        expected = [[EVENT, subscription, publication, {"topic": topic}]]
        assert heard(subscriber) == (expected if topic in fits else [])


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        (
            "com.myapp..userevent",
            ["com.myapp.foo.userevent", "com.myapp.x.userevent"],
            ["com.myapp.foo.bar.userevent", "com.myapp.userevent", "com.myapp.foo.x"],
        ),
        ("com.", ["com.x"], ["com", "com.x.y", "com2.x"]),
        (".", ["a.b", "x.y"], ["a", "a.b.c"]),
        ("", ["a", "ž"], ["a.b"]),
        ("..", ["a.b.c"], ["a.b", "a.b.c.d"]),
        (".x.", ["a.x.b"], ["a.y.b", "x.x"]),
        ("com.x", ["com.x"], ["com.y", "com"]),
    ],
)
def test_wildcard_has_as_many_components_as_what_it_fits(
    join, serializer, pattern, fits, fits_not
):
    """An empty component fits any one component, and never none or several."""
    subscriber, publisher = join(serializer), join(serializer)
    subscription = subscriber.subscribe(pattern, match="wildcard")
    for topic in [*fits, *fits_not]:
        publication = publisher.publish(topic)
        expected = [[EVENT, subscription, publication, {"topic": topic}]]
        assert heard(subscriber) == (expected if topic in fits else [])


@pytest.mark.parametrize(
    ("pattern", "match"),
    [
        ("", "prefix"),
        ("wam", "prefix"),
        ("wamp.subscription.", "prefix"),
        ("..", "wildcard"),
        (".subscription.", "wildcard"),
    ],
)
def test_pattern_hears_the_meta_events_that_fit(join, serializer, pattern, match):
    """Where everybody may do everything; those of its own creation come after
    SUBSCRIBED.
    """
    subscriber, other = join(serializer), join(serializer)
    request = subscriber.next_request()
    subscriber.send(SUBSCRIBE, request, {"match": match}, pattern)
    assert subscriber.answer(request)[0] == SUBSCRIBE + 1
    assert not subscriber.inbox, "an EVENT before SUBSCRIBED"
    other.subscribe("com.example.topic", match="wildcard")
    ids = {subscriber.session, other.session}
    told = [
        (message[3]["topic"].rpartition(".")[2], message[4][0])
        for message in subscriber.until_now()
        if message[3]["topic"].startswith("wamp.subscription.") and message[4][0] in ids
    ]
    assert told == [
        ("on_create", subscriber.session),
        ("on_subscribe", subscriber.session),
        ("on_create", other.session),
        ("on_subscribe", other.session),
    ]


def test_overlapping_subscriptions_share_the_publication(join, serializer, uri):
    """One EVENT for each subscription, all with the same publication ID."""
    subscriber, publisher = join(serializer), join(serializer)
    topic = f"{uri}.a.b"
    pattern_ids = [
        subscriber.subscribe(uri, match="prefix"),
        subscriber.subscribe(f"{uri}.a", match="prefix"),
        subscriber.subscribe(f"{uri}.a.b", match="prefix"),
        subscriber.subscribe(f"{uri}..b", match="wildcard"),
        subscriber.subscribe(f"{uri}..", match="wildcard"),
        subscriber.subscribe(f"{uri}.a.b", match="wildcard"),
    ]
    exact = subscriber.subscribe(topic)
    assert len({exact, *pattern_ids}) == 7
    publication = publisher.publish(topic, ["x"])
    events = subscriber.until_now()
    assert {tuple(event[1:3]) for event in events} == {
        (each, publication) for each in (exact, *pattern_ids)
    }
    details = {event[1]: event[3] for event in events}
    assert details[exact] == {}
    assert all(details[each] == {"topic": topic} for each in pattern_ids)
    assert len(events) == 7


def test_match_is_part_of_the_identity(join, serializer, uri):
    """Exact, prefix and wildcard ``a.b`` are three; one ends without the others."""
    subscriber, publisher = join(serializer), join(serializer)
    ids = [
        subscriber.subscribe(uri, match=match)
        for match in ("exact", "prefix", "wildcard")
    ]
    assert len(set(ids)) == 3
    subscriber.remove(UNSUBSCRIBE, ids[1])
    publisher.publish(uri)
    assert {event[1] for event in subscriber.until_now()} == {ids[0], ids[2]}


def test_registrations_of_one_uri_differ_by_match(join, serializer, uri):
    """No conflict, and the exact one is called."""
    callee, caller = join(serializer), join(serializer)
    ids = {
        match: callee.register(uri, match=match)
        for match in ("wildcard", "prefix", "exact")
    }
    for match in ("exact", "prefix", "wildcard"):
        caller.call(uri)
        assert callee.invoked()[1] == ids[match]
        callee.remove(66, ids[match])
    caller.call(uri)
    assert caller.receive()[4] == "wamp.error.no_such_procedure"


def test_pattern_details_come_with_the_disclosed_identity(join, serializer, uri):
    """One does not replace the other."""
    other, client = join(serializer), join(serializer)
    client.subscribe(uri, match="prefix")
    client.register(uri, match="prefix")
    other.publish(uri + ".x", disclose_me=True)
    details = client.receive()[3]
    assert details["topic"] == uri + ".x"
    assert details["publisher"] == other.session
    other.call(uri + ".x", disclose_me=True)
    details = client.invoked()[2]
    assert details["procedure"] == uri + ".x"
    assert details["caller"] == other.session


@pytest.mark.parametrize("code", [SUBSCRIBE, REGISTER])
def test_pattern_of_many_components_costs_no_more_than_its_bytes_suggest(join, code):
    """A message of 500 kB must not make the router hold a hundred times as much."""
    client = join()
    tracemalloc.start()
    try:
        client.send(code, 1, {"match": "wildcard"}, "." * 500_000)
        assert client.receive()[0] in (ERROR, code + 1)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 20_000_000


# The registry against an oracle that is as slow as it is plain

COMPONENTS = st.sampled_from(["", "a", "b", "ab"])
PATTERNS = st.lists(COMPONENTS, min_size=1, max_size=4).map(".".join)
MATCHES = st.sampled_from(["exact", "prefix", "wildcard"])


def fits(pattern, match, uri):
    if match == "exact":
        return pattern == uri
    if match == "prefix":
        return uri.startswith(pattern)
    ours, theirs = pattern.split("."), uri.split(".")
    return len(ours) == len(theirs) and all(
        not a or a == b for a, b in zip(ours, theirs, strict=True)
    )


def rank(entry):
    """The higher, the better: exact, then long prefixes, then literal components."""
    pattern, match = entry
    if match == "exact":
        return (2,)
    if match == "prefix":
        return (1, len(pattern))
    return (0, tuple(component != "" for component in pattern.split(".")))


@given(entries=st.lists(st.tuples(PATTERNS, MATCHES), max_size=12), uri=PATTERNS)
@settings(max_examples=150)
def test_registry_finds_what_the_oracle_finds(entries, uri):
    """For any set of patterns and any URI, all that fit, and the best of them."""
    registry = PatternMap()
    for entry in dict.fromkeys(entries):
        registry.add(*entry, entry)
    expected = [entry for entry in dict.fromkeys(entries) if fits(*entry, uri)]
    found = registry.matching(uri)
    assert sorted(found) == sorted(expected)
    assert registry.best(uri) == max(expected, key=rank, default=None)


def reachable(thing: object) -> int:
    """How many containers *thing* consists of, and how many items these have."""
    found = {id(thing): thing}
    pending = [thing]
    while pending:
        for each in gc.get_referents(pending.pop()):
            ours = type(each).__module__.startswith("wsocket.")
            if id(each) not in found and (ours or type(each) in (dict, list)):
                found[id(each)] = each
                pending.append(each)
    containers = [each for each in found.values() if type(each) in (dict, list)]
    return len(found) + sum(map(len, containers))


@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
def test_removed_entries_leave_nothing_behind(match):
    """Sessions come and go for months, with patterns that nobody else has."""
    registry = PatternMap()
    registry.add("a..b", match, "stays")
    before = reachable(registry)
    for _ in range(2):
        for number in range(100):
            registry.add(f"a..c{number}.{'x' * number}", match, number)
        for number in range(100):
            registry.remove(f"a..c{number}.{'x' * number}", match)
    assert reachable(registry) == before


class RegistryMachine(RuleBasedStateMachine):
    """Entries come and go; what is found is always what is there."""

    def __init__(self):
        super().__init__()
        self.registry = PatternMap()
        self.entries = set()

    @rule(pattern=PATTERNS, match=MATCHES)
    def add_or_remove(self, pattern, match):
        entry = pattern, match
        if entry in self.entries:
            self.entries.remove(entry)
            self.registry.remove(pattern, match)
        else:
            self.entries.add(entry)
            self.registry.add(pattern, match, entry)

    @rule(pattern=PATTERNS, match=MATCHES)
    def get(self, pattern, match):
        expected = (pattern, match) if (pattern, match) in self.entries else None
        assert self.registry.get(pattern, match) == expected

    @rule(pattern=PATTERNS, match=MATCHES)
    def remove_missing(self, pattern, match):
        if (pattern, match) not in self.entries:
            with pytest.raises(KeyError):
                self.registry.remove(pattern, match)

    @rule(uri=PATTERNS)
    def match(self, uri):
        expected = [entry for entry in self.entries if fits(*entry, uri)]
        assert sorted(self.registry.matching(uri)) == sorted(expected)
        assert self.registry.best(uri) == max(expected, key=rank, default=None)

    @invariant()
    def entries_are_listed(self):
        for match in ("exact", "prefix", "wildcard"):
            listed = list(self.registry.entries(match))
            assert sorted(listed) == sorted(e for e in self.entries if e[1] == match)


RegistryMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=30)
test_registry_stays_true_while_entries_come_and_go = RegistryMachine.TestCase
