"""What a client has subscribed and registered: it outlives a connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.wamp.protocol.client_messages import RegisterOptions, SubscribeOptions


class SubscriptionRecord:
    """A handler for the events of a topic or pattern.

    Attributes:
        topic: Topic or pattern.
        handler: Whatever the owner of the core runs for an event.
        id: SUBSCRIBED.Subscription in the present session; None in between.
    """

    __slots__ = ("__weakref__", "handler", "id", "options", "topic")

    def __init__(self, topic: str, options: SubscribeOptions, handler: Any) -> None:
        self.topic = topic
        self.options = options
        self.handler = handler
        self.id: int | None = None

    def __repr__(self) -> str:
        return f"the subscription to {self.topic!r}"


class RegistrationRecord:
    """A procedure of this client.

    Attributes:
        uri: URI or pattern.
        handler: Whatever the owner of the core runs for a call.
        id: REGISTERED.Registration in the present session; None in between.
    """

    __slots__ = ("handler", "id", "options", "uri")

    def __init__(self, uri: str, options: RegisterOptions, handler: Any) -> None:
        self.uri = uri
        self.options = options
        self.handler = handler
        self.id: int | None = None

    def __repr__(self) -> str:
        return f"the registration of {self.uri!r}"


Record = SubscriptionRecord | RegistrationRecord


class Leaver:
    """What users hold of a record: a way to end it.

    Args:
        leave: Ends the record; in a thread it returns when the router has answered.
    """

    def __init__(self, record: Record, leave: Callable[[Any], Any]) -> None:
        self._record = record
        self._leave = leave

    def __repr__(self) -> str:
        return repr(self._record)

    @property
    def id(self) -> int | None:
        """Its ID in the present session; None while there is none."""
        return self._record.id


class Subscription(Leaver):
    """A subscription of a session; it is restored after a reconnect."""

    def unsubscribe(self) -> Any:
        """End it; with `AsyncSession`, await this."""
        return self._leave(self._record)


class Registration(Leaver):
    """A registration of a session; it is restored after a reconnect."""

    def unregister(self) -> Any:
        """End it; with `AsyncSession`, await this."""
        return self._leave(self._record)
