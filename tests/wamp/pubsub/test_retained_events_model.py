"""Retained events against a model that keeps everything."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wamp.fakes import Member, World
from tests.wamp.raw_client import EVENT

TOPICS = ["com.a", "com.b"]
NAMES = ["ann", "bob", "carl"]
LISTS = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"eligible_authid": st.lists(st.sampled_from(NAMES))}),
    st.fixed_dictionaries({"exclude_authid": st.lists(st.sampled_from(NAMES))}),
    st.fixed_dictionaries(
        {
            "eligible_authid": st.lists(st.sampled_from(NAMES)),
            "exclude_authid": st.lists(st.sampled_from(NAMES)),
        }
    ),
)
PUBLICATIONS = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(TOPICS),
    LISTS,
    st.booleans(),
    st.sampled_from([True, True, True, False]),
)


def may_have(name, publisher, options, exclude_me):
    """Whether *name* may get an event; nobody has two sessions."""
    return (
        not (exclude_me and name == publisher)
        and name in options.get("eligible_authid", NAMES)
        and name not in options.get("exclude_authid", ())
    )


def expected(publications, name):
    """The latest event of each topic that *name* may have; the numbers in order."""
    latest = {}
    for number, (publisher, topic, options, exclude_me, has_payload) in enumerate(
        publications
    ):
        if not options and not has_payload:
            latest.pop(topic, None)  # clears the topic for everybody
        elif may_have(name, publisher, options, exclude_me):
            latest[topic] = number if has_payload else None
    return sorted(number for number in latest.values() if number is not None)


@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
@given(publications=st.lists(PUBLICATIONS, max_size=15))
@settings(max_examples=60)
def test_everybody_gets_the_latest_that_they_may_have(match, publications):
    """Whoever published what for whom."""
    world = World()
    members = {name: Member(world, authid=name) for name in NAMES}
    for number, (publisher, topic, options, exclude_me, has_payload) in enumerate(
        publications
    ):
        args = [number] if has_payload else []
        members[publisher].publish(
            topic, *args, retain=True, exclude_me=exclude_me, **options
        )
    patterns = {"exact": TOPICS, "prefix": ["com."], "wildcard": ["com."]}[match]
    for name, member in members.items():
        member.take()
        for number, uri in enumerate(patterns):
            member.subscribe(uri, match, request=1 + number, get_retained=True)
        events = [message for message in member.take() if message[0] == EVENT]
        found = [event[4][0] for event in events if event[3].get("retained")]
        if match == "exact":
            found.sort()
        assert found == expected(publications, name)
