"""The procedures that the router answers itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from wsocket.wamp.protocol.client_messages import Call
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.protocol.uris import UriRules
from wsocket.wamp.rpc.invocation_details import missing_feature
from wsocket.wamp.rpc.registrations import no_procedure
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.session import Session

Builtin = Callable[[Session, Call, Payload], None]
"""Answers a CALL, now or later."""


class Builtins:
    """Runs these procedures, and knows which calls of them are not answered yet.

    Most are answered at once. One that takes some turns keeps its number until then,
    like a call that a callee runs.

    Attributes:
        procedures: By URI.
    """

    def __init__(self, runtime: Runtime, uris: UriRules) -> None:
        self._uris = uris
        self._in_turns = runtime.in_turns
        self._waiting: set[tuple[int, int]] = set()  # IDs of callers, and CALL.Request
        self.procedures: Mapping[str, Builtin] = {}

    def call(self, caller: Session, message: Call, payload: Payload) -> Refusal | None:
        """Run the procedure, or say why not."""
        procedure = self.procedures.get(message.procedure)
        if procedure is None:
            return no_procedure(message.procedure, self._uris)
        # It takes neither progressive arguments nor payload passthru mode.
        refusal = missing_feature(message.options, frozenset())
        if refusal is None:
            procedure(caller, message, payload)
        return refusal

    def answer_later(
        self,
        caller: Session,
        request: int,
        *,
        steps: Iterator[object],
        answer: Callable[[], object],
    ) -> None:
        """Take all *steps*, then call ``answer()`` if *caller* is still there.

        Args:
            request: CALL.Request.
            steps: See `Runtime.in_turns`.
        """
        key = (caller.id, request)

        def done() -> None:
            self._waiting.discard(key)
            if caller.is_in_realm(key[0]):
                answer()

        self._waiting.add(key)
        self._in_turns(steps, done)

    def is_waiting(self, caller: Session, request: int) -> bool:
        """Whether *caller* waits for the answer to a call with this number."""
        return (caller.id, request) in self._waiting
