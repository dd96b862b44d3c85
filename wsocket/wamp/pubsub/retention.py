"""Retained events: the last event of a topic, for later subscribers."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from wsocket.wamp.protocol.uris import Match, fitting
from wsocket.wamp.pubsub.publication import Publication
from wsocket.wamp.session.session import Session

# Of one topic. An event for some sessions does not replace the one for all others.
_EVENTS = 16


class RetainedEvents:
    """The retained events of each topic ("Event Retention").

    A subscriber gets the latest event of a topic among those that it may have. So a
    topic has several: the latest one for everybody, and later ones that are for some
    sessions only. An event without payload stands for none.

    Args:
        max_topics: How many topics may have one, and how many events there may be
            besides these. If there are more, the topic that is unchanged for the
            longest time loses its events.
        max_bytes: Size of all retained events, with topics and lists of receivers.
    """

    def __init__(self, *, max_topics: int, max_bytes: int) -> None:
        self._max_topics = max_topics
        self._max_bytes = max_bytes
        self._bytes = 0
        self._events: dict[int, Publication] = {}  # by publication ID, oldest first
        self._by_topic: dict[str, list[Publication]] = {}  # the oldest first

    @property
    def topics(self) -> Collection[str]:
        """The topics that have a retained event, the longest unchanged first."""
        return self._by_topic.keys()

    @property
    def count(self) -> int:
        """How many events are retained."""
        return len(self._events)

    def store(self, publication: Publication, publisher: Session) -> None:
        """Let an event replace those for the same receivers.

        Without payload it only removes them.
        """
        topic = publication.topic
        before = self._by_topic.pop(topic, [])
        now: list[Publication] = []
        if publication.payload.parts or publication.audience.is_listed:
            kept = publication.to_keep()
            now = _bounded([*_not_replaced(before, kept, publisher), kept])
        for each in before:
            if each not in now:
                self._drop(each)
        if now:
            self._by_topic[topic] = now
            self._events[kept.id] = kept
            self._bytes += kept.size
        while self._is_too_much():
            for each in self._by_topic.pop(next(iter(self._by_topic))):
                self._drop(each)

    def matching(
        self, uri: str, match: Match, reader: Session
    ) -> Iterator[Publication | None]:
        """The events for a new subscription to (*uri*, *match*), the oldest first.

        One of each topic: the latest that *reader* may have. None stands for an event
        that does not fit, so that no step takes long. Events may be stored meanwhile.
        """
        if match == "exact":
            publication = self._latest(uri, reader)
            if publication is not None and publication.payload.parts:
                yield publication
            return
        fits = fitting(uri, match)
        for publication in list(self._events.values()):
            if (
                fits(publication.topic, publication.topic_code)
                and publication.payload.parts
                and self._latest(publication.topic, reader) is publication
            ):
                yield publication
            else:
                yield None

    def _latest(self, topic: str, reader: Session) -> Publication | None:
        for publication in reversed(self._by_topic.get(topic, ())):
            if publication.audience.admits(reader):
                return publication
        return None

    def _is_too_much(self) -> bool:
        return (
            self._bytes > self._max_bytes
            or len(self._by_topic) > self._max_topics
            or len(self._events) > 2 * self._max_topics
        )

    def _drop(self, publication: Publication) -> None:
        del self._events[publication.id]
        self._bytes -= publication.size


def _not_replaced(
    before: list[Publication], new: Publication, publisher: Session
) -> list[Publication]:
    """What *before* has for sessions that may not get *new*."""
    for_publisher: Publication | None = None
    if not new.audience.admits(publisher):
        covered = [each for each in before if new.audience.covers(each.audience)]
        admitting = (
            each for each in reversed(covered) if each.audience.admits(publisher)
        )
        for_publisher = next(admitting, None)
    return [
        each
        for each in before
        if each is for_publisher or not new.audience.covers(each.audience)
    ]


def _bounded(events: list[Publication]) -> list[Publication]:
    """Without events that mean nothing, and the oldest ones beyond the limit.

    The one for everybody is kept.
    """
    while events and not events[0].payload.parts:
        del events[0]
    while len(events) > _EVENTS:
        listed = (at for at, each in enumerate(events) if each.audience.is_listed)
        del events[next(listed)]  # there are at most two others
    return events
