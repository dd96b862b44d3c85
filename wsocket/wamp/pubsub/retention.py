"""Retained events: the last one of a topic, for those who subscribe later."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator

from wsocket.wamp.protocol.uris import Match, fits
from wsocket.wamp.pubsub.publication import Publication


class RetainedEvents:
    """The retained event of each topic ("Event Retention").

    Args:
        max_topics: How many topics may have one; the longest unchanged is forgotten for
            a new one.
        max_bytes: How many bytes their topics, payloads and lists of receivers may have
            together.
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
        """Retain *publication* in place of an earlier one; without payload, clear."""
        self._forget(publication.topic)
        if not publication.payload.parts:
            return
        self._by_topic[publication.topic] = kept = publication.to_keep()
        self._bytes += kept.size
        while self._bytes > self._max_bytes or len(self._by_topic) > self._max_topics:
            self._forget(next(iter(self._by_topic)))

    def matching(self, uri: str, match: Match) -> Iterator[Publication]:
        """What a new subscription to (*uri*, *match*) is about, the oldest first."""
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
