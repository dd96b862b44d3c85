"""Gives what happens in a session to the threads that wait for it, or to workers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any
from weakref import WeakKeyDictionary

from wsocket.client.backlog import Backlog, in_handler
from wsocket.client.handler_threads import HandlerThreads, Lane
from wsocket.client.happenings import (
    Answered,
    Challenged,
    Ended,
    Failed,
    Happened,
    Happening,
    Invoked,
    Joined,
    Progressed,
    Revoked,
)
from wsocket.client.log import logger
from wsocket.client.own_process import OwnProcess
from wsocket.client.records import SubscriptionRecord
from wsocket.client.shared_core import SharedCore
from wsocket.client.states import StateChange
from wsocket.errors import ConnectionLost

# What a message that waits keeps besides its payload.
_OVERHEAD = 512  # bytes


class Dispatcher:
    """See the module's docstring.

    Args:
        max_workers: How many handlers run at once.
        on_state: Gets each `StateChange`, one after the other.

    Attributes:
        process: That of the session.
        workers: Run handlers.
        states: Runs *on_state*.
    """

    def __init__(
        self, *, max_workers: int, on_state: Callable[[StateChange], object] | None
    ) -> None:
        self.process = OwnProcess()
        self.joined: Joined | None = None  # of the present connection
        self.ended: Ended | None = None
        self.workers = HandlerThreads(limit=max_workers, name="wsocket client handler")
        self._on_state = on_state
        self.states = HandlerThreads(limit=1, name="wsocket client states")
        self._lanes: WeakKeyDictionary[SubscriptionRecord, Lane] = WeakKeyDictionary()
        self._backlog = Backlog()
        self._changed = threading.Condition()  # of the backlog

    def take(self, happening: Happening, shared: SharedCore) -> None:
        """Something has happened."""
        if isinstance(happening, Happened):
            self._take_event(happening)
        elif isinstance(happening, Invoked):
            self._take_invocation(happening, shared)
        elif isinstance(happening, Progressed):
            happening.waiter.progress(happening.payload)
        elif isinstance(happening, (Answered, Failed)):
            self._take_answer(happening)
        elif isinstance(happening, Challenged):
            answer = happening.answer()
            shared.react(lambda core: core.authenticate(happening, answer))
        elif isinstance(happening, Joined):
            self.joined = happening
        elif isinstance(happening, Ended):
            self.ended = happening
        elif isinstance(happening, Revoked):
            logger().warning(
                "the router has ended %r: %s", happening.record, happening.reason
            )

    def begin(self) -> None:
        """A new connection begins."""
        self.joined = self.ended = None

    def tell(self, change: StateChange) -> None:
        """Let the program know of another state."""
        on_state = self._on_state
        if on_state is not None:
            self.states.run(partial(on_state, change))

    # What waits

    @contextmanager
    def asking(self) -> Iterator[None]:
        """In this block a thread waits for an answer of the router.

        Raises:
            ConnectionLost: This is another process.
        """
        self.process.check()
        if not in_handler.get():
            yield
            return
        with self._changed:
            self._backlog.begin_asking()
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._backlog.end_asking()

    def wait_for_room(self, stop: Callable[[], bool]) -> None:
        """Wait while too much waits to be handled, unless *stop* says no.

        Raises:
            ConnectionLost: It is far too much, and cannot be waited for.
        """
        with self._changed:
            while self._backlog.must_wait and not stop():
                self._changed.wait()
            if self._backlog.is_flooded:
                raise ConnectionLost(
                    "events and calls come faster than the handlers of this client "
                    "take them, and these wait for answers of the router"
                )

    def look_again(self) -> None:
        """What *stop* in `wait_for_room` says may have changed."""
        with self._changed:
            self._changed.notify_all()

    def _take_event(self, event: Happened) -> None:
        lane = self._lanes.get(event.record)
        if lane is None:
            lane = self._lanes[event.record] = Lane(self.workers)
        size = self._add(event.payload.size)
        lane.put(partial(self._run_event, event, size))

    def _take_invocation(self, invocation: Invoked, shared: SharedCore) -> None:
        size = self._add(invocation.payload.size)
        self.workers.run(partial(self._run_invocation, invocation, shared, size))

    def _take_answer(self, happening: Answered | Failed) -> None:
        if happening.waiter is None:
            return
        if isinstance(happening, Answered):
            happening.waiter.answer(happening.value)
        else:
            happening.waiter.fail(happening.error)

    def _run_event(self, event: Happened, size: int) -> None:
        try:
            _runner().run_subscriber(event.record.handler, event.payload, event.details)
        finally:
            self._remove(size)

    def _run_invocation(
        self, invocation: Invoked, shared: SharedCore, size: int
    ) -> None:
        try:
            outcome = _runner().run_procedure(
                invocation,
                invocation.payload.serializer,
                partial(shared.progress, invocation),
            )
            shared.answer(invocation, outcome)
        finally:
            self._remove(size)

    def _add(self, size: int) -> int:
        weight = size + _OVERHEAD
        with self._changed:
            self._backlog.add(weight)
        return weight

    def _remove(self, weight: int) -> None:
        with self._changed:
            self._backlog.remove(weight)
            self._changed.notify_all()


def _runner() -> Any:
    """What runs handlers: who only calls and publishes does not wait for it."""
    return import_module("wsocket.client.procedure_run")
