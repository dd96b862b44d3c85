"""An `AsyncSession`, driven from threads: so both kinds pass the same tests."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from tests.patience import SECONDS
from wsocket.client import connect_async


class EventLoop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run *work* there, and wait for its end."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    def call(self, function: Callable[[], Any]) -> Any:
        """Call *function* there."""

        async def called() -> Any:
            return function()

        return self.run(called())

    def close(self) -> None:
        """End the loop; no task of ours may be left on it."""

        async def end() -> list[str]:
            left = asyncio.all_tasks() - {asyncio.current_task()}
            await self._loop.shutdown_asyncgens()
            await self._loop.shutdown_default_executor()
            return [str(task) for task in left]

        left = self.run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()
        assert left == []


class DrivenCall:
    """An `AsyncPendingCall`."""

    def __init__(self, loop: EventLoop, pending: Any) -> None:
        self._loop = loop
        self._pending = pending

    def __iter__(self) -> Iterator[Any]:
        return iterate(self._loop, self._pending.__aiter__())

    def result(self, timeout: float | None = None) -> Any:
        return self._loop.run(self._pending.result(timeout))

    def cancel(self, mode: str = "killnowait") -> None:
        self._loop.call(lambda: self._pending.cancel(mode))


class DrivenHandle:
    """A subscription or registration."""

    def __init__(self, loop: EventLoop, handle: Any) -> None:
        self._loop = loop
        self._handle = handle

    @property
    def id(self) -> int | None:
        return self._handle.id

    def unsubscribe(self) -> None:
        self._loop.run(self._handle.unsubscribe())

    def unregister(self) -> None:
        self._loop.run(self._handle.unregister())


class DrivenSession:
    """Has the methods of `Session`, and does each with an `AsyncSession`."""

    def __init__(self, loop: EventLoop, session: Any) -> None:
        self._loop = loop
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return self._loop.run(self._session.call(*args, **kwargs))

    def start_call(self, *args: Any, **kwargs: Any) -> DrivenCall:
        start = self._session.start_call
        return DrivenCall(self._loop, self._loop.call(lambda: start(*args, **kwargs)))

    def call_progress(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        return iterate(self._loop, self._session.call_progress(*args, **kwargs))

    def publish(self, *args: Any, **kwargs: Any) -> int | None:
        published: int | None
        published = self._loop.run(self._session.publish(*args, **kwargs))
        return published

    def subscribe(self, topic: str, handler: Any = None, **options: Any) -> Any:
        return self._made(self._session.subscribe, topic, handler, options)

    def register(self, uri: str, function: Any = None, **options: Any) -> Any:
        return self._made(self._session.register, uri, function, options)

    def wait(self, timeout: float) -> bool:
        self._loop.run(self._session.wait())
        return True

    def close(self) -> None:
        self._loop.run(self._session.close())

    def _made(self, make: Any, uri: str, function: Any, options: Any) -> Any:
        if function is None:
            return lambda decorated: self._made(make, uri, decorated, options)
        handle = self._loop.run(make(uri, function, **options))
        return DrivenHandle(self._loop, handle)


def iterate(loop: EventLoop, results: Any) -> Iterator[Any]:
    """What an asynchronous iterator of *loop* gives."""
    with contextlib.suppress(StopAsyncIteration):
        while True:
            yield loop.run(results.__anext__())


@contextlib.contextmanager
def driven(url: str, *args: Any, **options: Any) -> Iterator[DrivenSession]:
    """Connect with `connect_async`, in a loop of its own."""
    loop = EventLoop()
    try:
        context = connect_async(url, *args, **options)
        session = loop.run(context.__aenter__())
        try:
            yield DrivenSession(loop, session)
        finally:
            loop.run(context.__aexit__(None, None, None))
    finally:
        loop.close()
