"""Past events for a stream that was broken, before live ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from wsocket.core.net.outbox import Droppable, Outbox
from wsocket.wamp.bridge.sse import event, publication_of
from wsocket.wamp.protocol.client_messages import Call, CallOptions
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.json import JSON

GET_EVENTS = "wamp.subscription.get_events"

_PAGE = 100  # events in one answer: the loop makes it in one turn


class PastEvent(Struct):
    """An item of what `GET_EVENTS` returns."""

    publication: int
    details: dict[str, Any]
    args: Raw
    kwargs: Raw


_EVENTS = msgspec.json.Decoder(tuple[list[PastEvent]])


class Resumption:
    """The pages of the event history, one after another.

    Live events wait until the last page, where some of them may be as well.

    Args:
        after: The last event that the client has.
        waiting: Live events; there is a limit for them.
    """

    def __init__(self, subscription: int, after: int, waiting: Outbox) -> None:
        self._subscription = subscription
        self._after = after
        self._waiting = waiting
        self._seen: set[int] = set()
        self.began = False

    def question(self, request: int) -> Call:
        """The CALL for the next page."""
        filters = {"after_publication": self._after, "limit": _PAGE}
        args, kwargs = Payload.of(JSON, [self._subscription], filters).parts
        return Call(request, CallOptions(), GET_EVENTS, args, kwargs)

    def page(self, parts: list[Raw], put: Callable[[Droppable], object]) -> bool:
        """Put the events of an answer.

        Returns:
            Whether there may be more.
        """
        self.began = True
        (events,) = _EVENTS.decode(parts[0])
        for each in events:
            topic = each.details.pop("topic")
            args, kwargs = each.args, each.kwargs
            text = event(
                each.publication, topic, each.details, args=args, kwargs=kwargs
            )
            put(Droppable(text))
            self._seen.add(each.publication)
            self._after = each.publication
        return len(events) == _PAGE

    def rest(self) -> list[Droppable]:
        """The live events that were on no page."""
        taken: list[Any] = []
        while self._waiting:
            taken += self._waiting.take(0)
        return [each for each in taken if publication_of(each) not in self._seen]
