"""Who may get a publication, for sessions without a transport."""

from __future__ import annotations

from tests.wamp.fakes import Member, World, counting_below
from wsocket.wamp.protocol.client_messages import NO_PUBLISH_OPTIONS, PublishOptions
from wsocket.wamp.pubsub.audience import Audience

EVENT = 36


def test_a_publisher_that_wants_its_own_event_excludes_nobody():
    """The first ID of all is an ordinary one, too."""
    world = World(counting_below())
    first, publisher = Member(world), Member(world)
    assert first.session.id == 1
    for member in (first, publisher):
        member.subscribe("com.example.topic")
        member.take()
    publisher.publish("com.example.topic", exclude_me=False)
    assert [each[0] for each in first.take()] == [EVENT]
    assert [each[0] for each in publisher.take()] == [EVENT]


def test_lists_are_what_costs_memory():
    """Without lists, an audience counts for nothing where events are kept."""
    assert Audience(NO_PUBLISH_OPTIONS, 5).size == 0
    assert Audience(PublishOptions(exclude_me=False), 5).size == 0
    assert Audience(PublishOptions(exclude=[7]), 5).size > 0
