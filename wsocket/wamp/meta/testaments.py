"""``wamp.session.add_testament`` and ``flush_testaments`` ("Testament Meta API")."""

from __future__ import annotations

from functools import partial
from typing import Any

from wsocket.wamp.meta import arguments as read
from wsocket.wamp.meta.answer import NOTHING, Needs, Procedure, raise_if
from wsocket.wamp.protocol.client_messages import PublishOptions
from wsocket.wamp.pubsub.broker import Broker
from wsocket.wamp.pubsub.testaments import Scope, Testament, Testaments
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.session.grant import OPEN, Grant
from wsocket.wamp.session.session import Session


class TestamentProcedures:
    """Procedures about the testaments of the calling session."""

    def __init__(self, testaments: Testaments, broker: Broker) -> None:
        self._testaments = testaments
        self._broker = broker

    def table(self) -> dict[str, Procedure]:
        """The procedures, by URI."""
        return {
            "wamp.session.add_testament": self.add,
            "wamp.session.flush_testaments": self.flush,
        }

    def add(
        self,
        caller: Session,
        topic: str,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        *,
        publish_options: dict[str, Any] | None = None,
        scope: str = "destroyed",
    ) -> object:
        options = read.publish_options(publish_options)
        payload = Payload.of(MESSAGEPACK, *read.payload_of(args, kwargs))
        topic = read.text("topic", topic)
        checked_scope = read.scope_of(scope)
        raise_if(self._broker.refusal(topic, options, OPEN))
        add = partial(self._add, caller, checked_scope, topic, payload, options)
        return Needs("publish", topic, "exact", add)

    def _add(
        self,
        caller: Session,
        scope: Scope,
        topic: str,
        payload: Payload,
        options: PublishOptions,
        grant: Grant,
    ) -> object:
        raise_if(self._broker.refusal(topic, options, grant))
        testament = Testament(topic, payload, options, grant)
        raise_if(self._testaments.add(caller, scope, testament))
        return NOTHING

    def flush(self, caller: Session, *, scope: str = "destroyed") -> int:
        return self._testaments.flush(caller, read.scope_of(scope))
