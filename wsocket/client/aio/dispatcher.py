"""Gives what happens in a session to the coroutines that wait for it, or to tasks."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from wsocket.client.aio.handling import run_async_procedure, run_async_subscriber
from wsocket.client.backlog import Backlog, in_handler
from wsocket.client.happenings import (
    Answered,
    Challenged,
    Ended,
    Failed,
    Happened,
    Happening,
    Interrupted,
    Invoked,
    Joined,
    Progressed,
    Revoked,
)
from wsocket.client.own_process import OwnProcess
from wsocket.client.records import SubscriptionRecord
from wsocket.client.states import StateChange
from wsocket.errors import ConnectionLost
from wsocket.log import logger
from wsocket.wamp.local.encoding import Failure
from wsocket.wamp.serializers.base import Payload

# What a message that waits keeps besides its payload.
_OVERHEAD = 512  # bytes


class Answerer(Protocol):
    """Answers calls of this client's procedures."""

    def answer(self, invocation: Invoked, outcome: Payload | Failure) -> None:
        """End a call."""

    async def progress(self, invocation: Invoked, payload: Payload) -> None:
        """Send a progressive result."""


class AsyncLane:
    """Coroutines that run one after the other, in order."""

    def __init__(self, start: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._start = start
        self._waiting: deque[Coroutine[Any, Any, None]] = deque()
        self._runs = False

    def put(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* after all that were put before."""
        self._waiting.append(work)
        if not self._runs:
            self._runs = True
            self._start(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._waiting.popleft()
        finally:
            self._runs = False
            for work in self._waiting:
                work.close()
            self._waiting.clear()


class AsyncDispatcher:
    """See the module's docstring.

    Args:
        on_state: Gets each `StateChange`, one after the other; may be async.

    Attributes:
        process: That of the session.
    """

    def __init__(self, on_state: Callable[[StateChange], object] | None) -> None:
        self.process = OwnProcess()
        self.challenged: Challenged | None = None  # and not answered yet
        self.joined: Joined | None = None  # of the present connection
        self.ended: Ended | None = None
        self._on_state = on_state
        self._tasks: set[asyncio.Task[None]] = set()
        self._states = AsyncLane(self.start)
        self._lanes: WeakKeyDictionary[SubscriptionRecord, AsyncLane]
        self._lanes = WeakKeyDictionary()
        self._running: dict[Invoked, asyncio.Task[None]] = {}
        self._backlog = Backlog()
        self._changed = asyncio.Event()  # of the backlog

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run *work* as a task of its own, until `stop`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def take(self, happening: Happening, answerer: Answerer) -> None:
        """Something has happened."""
        if isinstance(happening, Happened):
            self._take_event(happening)
        elif isinstance(happening, Invoked):
            self._take_invocation(happening, answerer)
        elif isinstance(happening, Interrupted):
            running = self._running.get(happening.invocation)
            if running is not None:
                running.cancel()
        elif isinstance(happening, Progressed):
            happening.waiter.progress(happening.payload)
        elif isinstance(happening, Challenged):
            self.challenged = happening
        elif isinstance(happening, Joined):
            self.joined = happening
        elif isinstance(happening, Ended):
            self.ended = happening
        elif isinstance(happening, Revoked):
            logger.warning(
                "the router has ended %r: %s", happening.record, happening.reason
            )
        elif happening.waiter is not None:
            _bring(happening)

    def begin(self) -> None:
        """A new connection begins."""
        self.challenged = self.joined = self.ended = None

    def tell(self, change: StateChange) -> None:
        """Let the program know of another state."""
        if self._on_state is not None:
            self._states.put(_told(self._on_state, change))

    async def stop(self, timeout: float) -> None:
        """Let the handlers end; those that take more than *timeout* seconds not."""
        here = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not here]
        if not tasks or in_handler.get():
            return
        _, late = await asyncio.wait(tasks, timeout=timeout)
        for task in late:
            task.cancel()

    # What waits

    @contextmanager
    def asking(self) -> Iterator[None]:
        """In this block a coroutine waits for an answer of the router.

        Raises:
            ConnectionLost: This is another process.
        """
        self.process.check()
        if not in_handler.get():
            yield
            return
        self._backlog.begin_asking()
        self._changed.set()
        try:
            yield
        finally:
            self._backlog.end_asking()

    @property
    def must_wait(self) -> bool:
        """Whether too much waits to be handled."""
        return self._backlog.must_wait

    async def wait_for_room(self, stop: Callable[[], bool]) -> None:
        """Wait while too much waits to be handled, unless *stop* says no.

        Raises:
            ConnectionLost: It is far too much, and cannot be waited for.
        """
        while self._backlog.must_wait and not stop():
            self._changed.clear()
            await self._changed.wait()
        if self._backlog.is_flooded:
            raise ConnectionLost(
                "events and calls come faster than the handlers of this client take "
                "them, and these wait for answers of the router"
            )

    def look_again(self) -> None:
        """What *stop* in `wait_for_room` says may have changed."""
        self._changed.set()

    def _take_event(self, event: Happened) -> None:
        lane = self._lanes.get(event.record)
        if lane is None:
            lane = self._lanes[event.record] = AsyncLane(self.start)
        lane.put(self._run_event(event, self._add(event.payload.size)))

    def _take_invocation(self, invocation: Invoked, answerer: Answerer) -> None:
        weight = self._add(invocation.payload.size)
        work = self._run_invocation(invocation, answerer)
        task = self._running[invocation] = self.start(work)
        task.add_done_callback(partial(self._ran, invocation, weight))

    async def _run_event(self, event: Happened, weight: int) -> None:
        in_handler.set(True)
        try:
            await run_async_subscriber(event)
        finally:
            self._remove(weight)

    async def _run_invocation(self, invocation: Invoked, answerer: Answerer) -> None:
        in_handler.set(True)
        outcome = await run_async_procedure(
            invocation,
            invocation.payload.serializer,
            partial(answerer.progress, invocation),
        )
        answerer.answer(invocation, outcome)

    def _ran(self, invocation: Invoked, weight: int, task: asyncio.Task[None]) -> None:
        del self._running[invocation]
        self._remove(weight)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.error("a handler of the client failed", exc_info=error)

    def _add(self, size: int) -> int:
        weight = size + _OVERHEAD
        self._backlog.add(weight)
        return weight

    def _remove(self, weight: int) -> None:
        self._backlog.remove(weight)
        self._changed.set()


def _bring(happening: Answered | Failed) -> None:
    if isinstance(happening, Answered):
        happening.waiter.answer(happening.value)
    else:
        happening.waiter.fail(happening.error)


async def _told(on_state: Callable[[StateChange], object], change: StateChange) -> None:
    try:
        result = on_state(change)
        if inspect.isawaitable(result):
            await result
    except Exception:
        logger.exception("on_state failed")
