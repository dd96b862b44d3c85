"""One call of a procedure of the application, from INVOCATION to its answer."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

from wsocket.core.concurrency.ctrl_c import pass_on
from wsocket.core.concurrency.task import Task
from wsocket.core.concurrency.workers import Workers
from wsocket.errors import PayloadError
from wsocket.wamp.local.calling import CallDetails
from wsocket.wamp.local.encoding import Failure, result_of, text_of
from wsocket.wamp.local.generators import Progress, run_generator
from wsocket.wamp.local.handlers import UserHandler
from wsocket.wamp.local.outcome import application_failure, failure_of, runtime_error
from wsocket.wamp.local.results_ahead import LARGE, ResultsAhead
from wsocket.wamp.protocol import errors
from wsocket.wamp.serializers.base import Payload, Serializer
from wsocket.wamp.session.session import Session

# What a call keeps besides its payload.
_OVERHEAD = 1024  # bytes


class Answering(Protocol):
    """Who answers calls in the name of the application."""

    results_ahead: ResultsAhead

    def answer(self, invocation: OwnCall) -> None:
        """It has ended: its outcome is the answer."""

    def progress(self, invocation: OwnCall) -> Progress:
        """A way for progressive results."""


class OwnCall(Task):
    """A call that runs in a worker, or on the loop.

    Args:
        details: INVOCATION.Details.
        caller: Whom the answer is for.
        call_request: CALL.Request.
        by_client: Whether it is a client that waits for the result, not a procedure.
        workers: Where it runs.

    Attributes:
        request: INVOCATION.Request.
        outcome: What to answer; None if it has not run.
        progress: The way of its progressive results, if there are any.
    """

    __slots__ = (
        "_ahead",
        "_by_client",
        "_client",
        "_details",
        "_handler",
        "_payload",
        "call_request",
        "caller",
        "outcome",
        "progress",
        "request",
        "serializer",
        "workers",
    )

    def __init__(
        self,
        client: Answering,
        handler: UserHandler,
        request: int,
        payload: Payload,
        details: dict[str, Any],
        *,
        caller: Session,
        call_request: int,
        by_client: bool,
        workers: Workers,
    ) -> None:
        super().__init__(payload.size + _OVERHEAD)
        self._client = client
        self._handler = handler
        self._payload: Payload | None = payload
        self._details = details
        self._by_client = by_client
        self._ahead = 0  # bytes of the result that are counted; see `ResultsAhead`
        self.request = request
        self.caller = caller
        self.call_request = call_request
        self.workers = workers
        self.serializer: Serializer = caller.serializer
        self.outcome: Payload | Failure | None = None
        self.progress: Progress | None = None

    def __repr__(self) -> str:
        return f"the call {self.request} of {self._handler!r}"

    def work(self) -> None:
        """Run the procedure. There is always an outcome, whatever it does."""
        try:
            self.outcome = self._run()
        except BaseException as error:
            # In case that not even the next line works.
            self.outcome = runtime_error("the procedure failed", self.serializer)
            self.outcome = failure_of(error, self.serializer, repr(self._handler))
            pass_on(error)

    def ended(self) -> None:
        if self._ahead:
            self._client.results_ahead.give_back(self._ahead)
        self._payload = None
        if self.outcome is None:
            self.outcome = self.failed(errors.CANCELED, "canceled before it started")
        self._client.answer(self)

    def refused(self, problem: str) -> None:
        self.outcome = self.failed(errors.UNAVAILABLE, problem)
        self._client.answer(self)

    def cancel(self) -> None:
        """Nobody waits for the outcome any more: a generator ends at its next step."""
        self.canceled = True
        if self.progress is not None:
            self.progress.cancel()

    def failed(self, error: str, problem: str) -> Failure:
        """The ERROR with an explanation."""
        return application_failure(error, [problem], serializer=self.serializer)

    def _run(self) -> Payload | Failure:
        handler, payload = self._handler, self._payload
        assert payload is not None
        if handler.watched:
            self._wait_for_others(handler)
        self._payload = None  # a procedure may keep its arguments, nobody the bytes
        try:
            args, kwargs = payload.values()
        except PayloadError as error:  # the caller's fault
            return self.failed(error.error, f"payload: {error}")
        del payload
        if handler.wants_details:
            # A peer may have sent an argument of this name: it must not be trusted.
            kwargs["details"] = self._call_details()
        try:
            value = handler.function(*args, **kwargs)
        except TypeError as error:
            if handler.accepts(args, kwargs):
                raise
            return self.failed(errors.INVALID_ARGUMENT, text_of(error))
        if isinstance(value, Generator) and not handler.on_loop:
            return self._step_through(value)
        if handler.on_loop:
            return result_of(value, self.serializer)
        return self._result_of(value)

    def _wait_for_others(self, handler: UserHandler) -> None:
        """Begin later if this may be one of many large results."""
        if not handler.known:
            self._client.results_ahead.await_first(handler)
        if handler.large:
            self._reserve(handler.large)

    def _reserve(self, size: int) -> None:
        """Wait until there is room for a result of *size* bytes, and what it is of."""
        if self._by_client and not self._ahead:
            self._ahead = 2 * size
            self._client.results_ahead.reserve(self._ahead)

    def _result_of(self, value: Any) -> Payload:
        """Encode a result in a worker, when others are not busy with large ones."""
        ahead, handler = self._client.results_ahead, self._handler
        kind = type(value)
        size = len(value) if kind is str or kind is bytes else 0
        if size >= LARGE or ahead.full:
            self._reserve(size)
        result = result_of(value, self.serializer)
        size = result.size
        if size >= LARGE or handler.watched or self._ahead:
            self._count(size if size >= LARGE else 0)
        return result

    def _count(self, size: int) -> None:
        """The result has so many bytes that count; what was reserved is given back."""
        ahead = self._client.results_ahead
        if self._by_client:
            counted, self._ahead = self._ahead, size
            ahead.add(size)
            ahead.give_back(counted)
        ahead.made(self._handler, size)

    def _step_through(self, steps: Generator[Any, None, Any]) -> Payload | Failure:
        self.progress = progress = self._client.progress(self)
        if self.canceled:  # before there was anything to cancel
            progress.cancel()
        wanted = self._details.get("receive_progress", False)
        outcome = run_generator(
            steps, progress, wanted=wanted, serializer=self.serializer
        )
        if progress.problem is not None:
            return self.failed(errors.UNAVAILABLE, progress.problem)
        return outcome or self.failed(errors.CANCELED, "interrupted")

    def _call_details(self) -> CallDetails:
        details = self._details
        return CallDetails(
            procedure=details.get("procedure", self._handler.uri),
            caller=details.get("caller"),
            caller_authid=details.get("caller_authid"),
            caller_authrole=details.get("caller_authrole"),
            trustlevel=details.get("trustlevel"),
            progressive=details.get("receive_progress", False),
        )
