"""Retained events: the last event of a topic, for later subscribers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator

from wsocket.wamp.protocol.uris import Match, fits
from wsocket.wamp.pubsub.publication import Publication


class RetainedEvents:
    """The retained event of each topic ("Event Retention").

    Args:
        max_topics: How many topics may have one. If there are more, the event that was
            stored first is removed.
        max_bytes: Size of all retained events, with topics and lists of receivers.
    """

    def __init__(self, *, max_topics: int, max_bytes: int) -> None:
        self._max_topics = max_topics
        self._max_bytes = max_bytes
        self._bytes = 0
        self._by_topic: OrderedDict[str, Publication] = OrderedDict()

    @property
    def topics(self) -> Collection[str]:
        """The topics that have a retained event, the longest unchanged first."""
        return self._by_topic.keys()

    def store(self, publication: Publication) -> None:
        """Replace the retained event of a topic; without payload, only remove it."""
        self._forget(publication.topic)
        if not publication.payload.parts:
            return
        self._by_topic[publication.topic] = kept = publication.to_keep()
        self._bytes += kept.size
        while self._bytes > self._max_bytes or len(self._by_topic) > self._max_topics:
            self._forget(next(iter(self._by_topic)))

    def matching(self, uri: str, match: Match) -> Iterator[Publication]:
        """The events for a new subscription to (*uri*, *match*), the oldest first."""
        if match == "exact":
            publication = self._by_topic.get(uri)
            if publication is not None:
                yield publication
            return
        for topic, publication in self._by_topic.items():
            if fits(topic, uri, match):
                yield publication

    def _forget(self, topic: str) -> None:
        publication = self._by_topic.pop(topic, None)
        if publication is not None:
            self._bytes -= publication.size
