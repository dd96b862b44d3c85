"""Who of the subscribers receives (Advanced Profile, "Subscriber Black- and
Whitelisting")."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import EVENT

FEATURE_LISTS = [
    prefix + suffix
    for prefix in ("exclude", "eligible")
    for suffix in ("", "_authid", "_authrole")
]


class Audience:
    """Three subscribers of one topic and a publisher that subscribed as well."""

    def __init__(self, join, uri, serializer):
        self.topic = uri
        self.publisher = join(serializer)
        self.members = {
            "ann": join(serializer),
            "bob": join("json"),
            "cid": join("cbor"),
            "me": self.publisher,
        }
        for member in self.members.values():
            member.subscribe(uri)

    def ids(self, *names):
        return [self.members[name].session for name in names]

    def authids(self, *names):
        return [self.members[name].welcome["authid"] for name in names]

    def of(self, **options):
        """Who receives an event that is published with these options."""
        self.publisher.publish(self.topic, ["x"], **options)
        received = {}
        for name, member in self.members.items():
            received[name] = [message[0] for message in member.until_now()]
        assert all(each in ([], [EVENT]) for each in received.values())
        return {name for name, messages in received.items() if messages}


@pytest.fixture
def audience(join, uri, serializer):
    return Audience(join, uri, serializer)


def test_everybody_else_receives_without_a_list(audience):
    """The control group."""
    assert audience.of() == {"ann", "bob", "cid"}


def test_excluded_sessions_do_not_receive(audience):
    """``exclude`` by session ID."""
    assert audience.of(exclude=audience.ids("ann", "cid")) == {"bob"}


def test_only_eligible_sessions_receive(audience):
    """``eligible`` by session ID."""
    assert audience.of(eligible=audience.ids("ann", "cid")) == {"ann", "cid"}


def test_lists_by_authid(audience):
    """Both ways, with identities instead of sessions."""
    assert audience.of(exclude_authid=audience.authids("ann")) == {"bob", "cid"}
    assert audience.of(eligible_authid=audience.authids("ann")) == {"ann"}


def test_lists_by_authrole(audience):
    """All anonymous sessions have the role ``anonymous``."""
    assert audience.of(exclude_authrole=["anonymous"]) == set()
    assert audience.of(exclude_authrole=["admin"]) == {"ann", "bob", "cid"}
    assert audience.of(eligible_authrole=["admin"]) == set()
    assert audience.of(eligible_authrole=["admin", "anonymous"]) == {
        "ann",
        "bob",
        "cid",
    }


@pytest.mark.parametrize("name", ["eligible", "eligible_authid", "eligible_authrole"])
def test_empty_eligible_list_lets_nobody_pass(audience, name):
    """It is there, and nobody is on it."""
    assert audience.of(**{name: []}) == set()
    assert audience.of(**{name: []}, exclude_me=False) == set()


@pytest.mark.parametrize("name", ["exclude", "exclude_authid", "exclude_authrole"])
def test_empty_exclude_list_excludes_nobody(audience, name):
    """It is there, and nobody is on it."""
    assert audience.of(**{name: []}) == {"ann", "bob", "cid"}


def test_all_lists_must_let_a_subscriber_pass(audience):
    """They are ANDed, never ORed."""
    ids, authids = audience.ids, audience.authids
    assert audience.of(
        eligible=ids("ann", "bob"), eligible_authid=authids("bob", "cid")
    ) == {"bob"}
    assert audience.of(eligible=ids("ann", "bob"), exclude=ids("ann")) == {"bob"}
    assert audience.of(eligible=ids("ann"), exclude_authid=authids("ann")) == set()
    assert audience.of(eligible=ids("ann"), eligible_authrole=["admin"]) == set()
    assert (
        audience.of(eligible=ids("ann", "bob"), eligible_authid=[], exclude=[]) == set()
    )


def test_eligible_does_not_override_exclude_me(audience):
    """The publisher still has to say ``exclude_me: false``."""
    eligible = audience.ids("me", "ann")
    assert audience.of(eligible=eligible) == {"ann"}
    assert audience.of(eligible=eligible, exclude_me=False) == {"me", "ann"}


def test_publisher_can_be_on_its_own_lists(audience):
    """Being the publisher gives no privilege."""
    assert audience.of(exclude_me=False, exclude=audience.ids("me")) == {
        "ann",
        "bob",
        "cid",
    }
    assert audience.of(exclude_me=False, eligible=audience.ids("ann")) == {"ann"}


@pytest.mark.parametrize("name", FEATURE_LISTS)
def test_unknown_members_of_a_list_are_ignored(audience, name):
    """Sessions that are gone or never were: no error, and nobody is reached."""
    unknown = [1, 2**53] if name in ("exclude", "eligible") else ["nobody", ""]
    expected = {"ann", "bob", "cid"} if name.startswith("exclude") else set()
    assert audience.of(**{name: unknown + unknown}) == expected


def test_lists_apply_to_pattern_subscriptions(join, uri, serializer):
    """The same subscribers, whatever they subscribed with."""
    publisher, ann, bob = join(serializer), join(serializer), join(serializer)
    for member in (ann, bob):
        member.subscribe(uri, match="prefix")
        member.subscribe(uri + ".", match="wildcard")
    publisher.publish(uri + ".x", exclude=[ann.session])
    assert ann.until_now() == []
    assert len(bob.until_now()) == 2
