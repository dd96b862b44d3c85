"""A procedure or a subscriber function that the application has declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from wsocket.wamp.local.client import LocalSession, OnAnswer
from wsocket.wamp.local.handlers import UserHandler
from wsocket.wamp.protocol.client_messages import (
    ERROR,
    ClientMessage,
    Register,
    RegisterOptions,
    Subscribe,
    SubscribeOptions,
)
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.serializers.base import Payload


class Declaration(NamedTuple):
    """A handler, and how it gets its calls or events.

    Attributes:
        message: Makes REGISTER or SUBSCRIBE, with a request ID.
        place: Gives a session the handler for the ID in the answer.
        claim: The URI and the match that no other declaration may have; None if others
            may have them too.
    """

    handler: UserHandler
    message: Callable[[int], ClientMessage]
    place: Callable[[LocalSession, int, UserHandler], None]
    claim: tuple[str, Match] | None = None

    def apply(self, session: LocalSession, on_answer: OnAnswer) -> None:
        """Register or subscribe in the name of *session*; on the loop."""

        def answered(head: list[Any], payload: Payload) -> None:
            if head[0] != ERROR:
                self.place(session, head[2], self.handler)
            on_answer(head, payload)

        session.request(self.message, answered)


def procedure(
    function: Callable[..., Any],
    uri: str,
    options: RegisterOptions,
    *,
    on_loop: bool = False,
) -> Declaration:
    """Declare that *function* answers calls of *uri*."""
    alone = options.invoke == "single" and not options.force_reregister
    return Declaration(
        UserHandler(function, uri, on_loop=on_loop),
        lambda request: Register(request, options, uri),
        LocalSession.add_procedure,
        (uri, options.match) if alone else None,
    )


def subscriber(
    function: Callable[..., Any], uri: str, options: SubscribeOptions
) -> Declaration:
    """Declare that *function* gets the events of *uri*."""
    return Declaration(
        UserHandler(function, uri),
        lambda request: Subscribe(request, options, uri),
        LocalSession.add_subscriber,
    )
