"""What the meta APIs of registrations and of subscriptions have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import pytest

from tests.wamp.raw_client import CALL, RESULT, UNREGISTER, UNSUBSCRIBE, RawClient
from tests.wamp.realm_kit import (
    INVALID_ARGUMENT,
    error,
    events,
    explanation,
    refusal,
    result,
)

URI = "com.example.uri"
ISO = "%Y-%m-%dT%H:%M:%S.%fZ"


class Kind(NamedTuple):
    """One of the two APIs.

    Attributes:
        name: In the URIs of its procedures and events.
        add: Register or subscribe; several sessions may share what it makes.
        removal: The code of the message that undoes it.
        members: What its sessions are called.
        verb: What they do, in the names of events.
        details: What is told of an entry beside its id, time, URI and policy.
        lookups: Other procedures whose first argument is an entry's ID.
    """

    name: str
    add: Callable[..., int]
    removal: int
    members: str
    verb: str
    details: dict[str, Any]
    lookups: tuple[str, ...] = ()

    def uri(self, name: str) -> str:
        return f"wamp.{self.name}.{name}"

    @property
    def missing(self) -> str:
        return f"wamp.error.no_such_{self.name}"


def register(client: RawClient, uri: str, **options: Any) -> int:
    return client.register(uri, invoke="roundrobin", **options)


KINDS = [
    Kind(
        "registration",
        register,
        UNREGISTER,
        members="callees",
        verb="register",
        details={"invoke": "roundrobin"},
    ),
    Kind(
        "subscription",
        RawClient.subscribe,
        UNSUBSCRIBE,
        members="subscribers",
        verb="subscribe",
        details={},
        lookups=("get_events",),
    ),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Both in turn."""
    found: Kind = request.param
    return found


@pytest.fixture
def router(serve):
    return serve()


@pytest.fixture
def operator(router):
    return router.join("operator")


@pytest.fixture
def member(router):
    """Whoever registers or subscribes."""
    return router.join("member")


def test_entries_are_listed_by_policy(kind, member, router, serializer):
    """One list for each, also when it is empty."""
    client = router.join(serializer=serializer)
    nothing = {"exact": [], "prefix": [], "wildcard": []}
    assert result(client, kind.uri("list")) == nothing
    exact = kind.add(member, URI)
    prefix = kind.add(member, URI, match="prefix")
    wildcard = kind.add(member, "com..uri", match="wildcard")
    other = kind.add(member, "com.example.other")
    assert result(client, kind.uri("list")) == {
        "exact": [exact, other],
        "prefix": [prefix],
        "wildcard": [wildcard],
    }
    member.leave()
    assert result(client, kind.uri("list")) == nothing


@pytest.mark.parametrize(
    ("uri", "match"), [("com.é", "prefix"), ("com..é", "wildcard")]
)
def test_entry_is_described(kind, member, router, serializer, uri, match):
    """ID, time of creation in UTC, URI, and its policies."""
    client = router.join(serializer=serializer)
    entry = kind.add(member, uri, match=match)
    found = result(client, kind.uri("get"), entry)
    created = datetime.strptime(found.pop("created"), ISO).replace(tzinfo=timezone.utc)
    assert abs(datetime.now(timezone.utc) - created) < timedelta(seconds=30)
    assert found == {"id": entry, "uri": uri, "match": match, **kind.details}


def test_lookup_finds_the_pattern_itself(kind, member, operator):
    """Null if there is no entry for just that; exact is the default."""
    exact = kind.add(member, URI)
    prefix = kind.add(member, URI, match="prefix")
    lookup = kind.uri("lookup")
    assert result(operator, lookup, URI) == exact
    assert result(operator, lookup, URI, {}) == exact
    assert result(operator, lookup, URI, None) == exact
    assert result(operator, lookup, URI, {"match": "exact"}) == exact
    assert result(operator, lookup, URI, {"match": "prefix"}) == prefix
    assert result(operator, lookup, URI, {"match": "wildcard"}) is None
    for uri in ("com.example", f"{URI}.x", "not a uri"):
        assert result(operator, lookup, uri) is None


@pytest.mark.parametrize("name", ["lookup", "match"])
def test_nothing_found_is_a_null(kind, router, serializer, name):
    """Not an empty result, and not an empty list."""
    client = router.join(serializer=serializer)
    request = client.call(kind.uri(name), [URI])
    assert client.receive() == [RESULT, request, {}, [None]]


@pytest.mark.parametrize("leaves", [True, False], ids=["leaves", "removes"])
def test_members_are_listed_and_counted(kind, member, router, operator, leaves):
    """In the order in which they came, until they leave or undo what they did."""
    other = router.join("other")
    entry = kind.add(member, URI)
    assert kind.add(other, URI) == entry
    members = [member.session, other.session]
    list_members = kind.uri(f"list_{kind.members}")
    count_members = kind.uri(f"count_{kind.members}")
    assert result(operator, list_members, entry) == members
    assert result(operator, count_members, entry) == 2
    if leaves:
        member.leave()
    else:
        member.remove(kind.removal, entry)
    assert result(operator, list_members, entry) == members[1:]
    assert result(operator, count_members, entry) == 1


def test_unknown_entry_is_an_error(kind, member, operator):
    """Never there, or no longer."""
    former = kind.add(member, URI)
    member.leave()
    names = ("get", f"list_{kind.members}", f"count_{kind.members}", *kind.lookups)
    for entry in (former, 2**53, 0, -1):
        for name in names:
            assert error(operator, kind.uri(name), entry) == kind.missing


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("list", [1], {}),
        ("lookup", [], {}),
        ("lookup", [1], {}),
        ("lookup", [URI, "prefix"], {}),
        ("lookup", [URI, {"match": "regex"}], {}),
        ("lookup", [URI, {"match": ["exact"]}], {}),
        ("lookup", [URI, {"match": []}], {}),
        ("lookup", [URI, []], {}),
        ("match", [], {}),
        ("match", [None], {}),
        ("match", [[URI]], {}),
        ("match", [{}], {}),
        ("match", [URI, {}], {}),
        ("get", [], {}),
        ("get", ["1"], {}),
        ("get", [True], {}),
        ("get", [1.5], {}),
        ("get", [{}], {}),
        ("list_members", [None], {}),
        ("count_members", [None], {}),
        ("count_members", [[]], {}),
        ("count_members", [1], {"nonsense": 1}),
    ],
)
def test_wrong_argument_is_refused(kind, operator, name, args, kwargs):
    """Precisely, without a word about our code."""
    procedure = kind.uri(name.replace("members", kind.members))
    answer = operator.request(CALL, {}, procedure, args, kwargs)
    assert refusal(answer) == INVALID_ARGUMENT
    assert "Procedures" not in explanation(answer)


@pytest.mark.parametrize("match", ["exact", "prefix"])
@pytest.mark.parametrize("leaves", [True, False], ids=["leaves", "removes"])
def test_changes_are_announced_in_order(kind, router, serializer, match, leaves):
    """Created, joined; left, deleted."""
    operator = router.join("operator", serializer=serializer)
    operator.subscribe(kind.uri(""), match="prefix")
    operator.until_now()
    one = router.join("one", serializer=serializer)
    other = router.join("other")
    entry = kind.add(one, URI, match=match)
    kind.add(other, URI, match=match)
    one.remove(kind.removal, entry)
    if leaves:
        other.leave()
    else:
        other.remove(kind.removal, entry)
    found = [(details["topic"], args) for details, args in events(operator)]
    joined, left = kind.uri(f"on_{kind.verb}"), kind.uri(f"on_un{kind.verb}")
    assert [topic for topic, _ in found] == [
        kind.uri("on_create"),
        joined,
        joined,
        left,
        left,
        kind.uri("on_delete"),
    ]
    [session, described] = found[0][1]
    assert session == one.session
    assert datetime.strptime(described.pop("created"), ISO)
    assert described == {"id": entry, "uri": URI, "match": match, **kind.details}
    assert [args for _, args in found[1:]] == [
        [one.session, entry],
        [other.session, entry],
        [one.session, entry],
        [other.session, entry],
        [other.session, entry],
    ]


def test_what_is_repeated_is_not_announced(kind, operator, member):
    """Nothing has changed."""
    entry = kind.add(member, URI)
    operator.subscribe(kind.uri(""), match="prefix")
    operator.until_now()
    assert kind.add(member, URI) == entry
    assert operator.until_now() == []
