"""The I/O loop: a gevent hub that runs callbacks.

Router connections live here: readiness callbacks, what they write gathered and sent in
as few sends as serve the peers, timers, and `Loop.call_soon` as the only way in from
other threads. Nothing here blocks, and no user code runs here.

In a process that gevent has patched the loop is the current hub; elsewhere it is a hub
in one daemon thread. There is one loop per process, made when it is first needed, so
that servers which fork after loading the application each get their own."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

import gevent
from gevent import monkey

from wsocket.core.concurrency.kinds import GREENLETS, THREADS, Concurrency, is_patched
from wsocket.log import logger

READABLE, WRITABLE = 1, 2

_WORTH_A_SEND: Final = 8  # messages handled, for each connection written to

# The loop thread and its callers are told apart by the real thread, whatever gevent
# patched.
_get_ident = monkey.get_original("_thread", "get_ident")
_allocate_lock = monkey.get_original("_thread", "allocate_lock")
_start_new_thread = monkey.get_original("_thread", "start_new_thread")


class Flushable(Protocol):
    """Something with an outbox that is sent when the loop says so."""

    def flush(self) -> None: ...


class Watcher(Protocol):
    """A gevent watcher or timer."""

    def start(self, callback: Callable[..., object], *args: Any) -> None: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


class Timer:
    """A callback that runs once, after some seconds, unless cancelled."""

    __slots__ = ("_watcher",)

    def __init__(self, watcher: Watcher) -> None:
        self._watcher: Watcher | None = watcher

    def cancel(self) -> None:
        """Forget the callback; does nothing when it ran already."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.stop()
            watcher.close()

    def start(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        """Arm the timer; the loop calls this."""
        if self._watcher is not None:
            self._watcher.start(self._fire, callback, args)

    def _fire(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.cancel()
        guarded(callback, *args)


def guarded(callback: Callable[..., object], *args: Any) -> None:
    """Run a callback; what it raises is our bug: logged, and kept from the hub."""
    try:
        callback(*args)
    except Exception:
        logger.exception("a callback on the I/O loop failed: %r", callback)


class Loop:
    """Callbacks on one gevent hub; see the module's docstring.

    Except for `call_soon`, methods may only be called on the loop's own thread.

    Attributes:
        concurrency: How user code that the loop starts runs: greenlets of the same hub,
            or threads where the hub has a thread to itself.
    """

    def __init__(self, hub: Any, *, concurrency: Concurrency) -> None:
        self.concurrency = concurrency
        self._loop = hub.loop
        # libuv always says that nothing is pending; so nobody knows what comes last.
        self._knows_pending = ".libev." in type(hub.loop).__module__
        self._ident = _get_ident()
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._calls_scheduled = False
        self._dirty: list[Flushable] = []
        self._flush_scheduled = False
        self._reading = False  # between `begin_reading` and `end_reading`
        self._alone = False  # the message that is handled is all there is to do
        # Keeps the hub alive while nothing else is registered, and wakes it up.
        self._wakeup = self._loop.async_()
        self._wakeup.start(self._run_calls)

    @property
    def here(self) -> bool:
        """Whether the calling code runs on the loop's thread."""
        return bool(_get_ident() == self._ident)

    def now(self) -> float:
        """The loop's clock, in seconds; it never goes back."""
        return float(self._loop.now())

    def call_soon(self, callback: Callable[..., object], *args: Any) -> None:
        """Run ``callback(*args)`` on the loop; from any thread, in the order of the
        calls.
        """
        self._calls.append((callback, args))
        if self._calls_scheduled:
            return
        # Cleared before the queue is emptied: whoever finds it set is still in time.
        self._calls_scheduled = True
        if self.here:
            self._loop.run_callback(self._run_calls)
        else:
            self._wakeup.send()

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Timer:
        """Run ``callback(*args)`` on the loop after some *seconds*."""
        timer = Timer(self._loop.timer(seconds))
        timer.start(callback, args)
        return timer

    def watch(
        self, descriptor: int, events: int, callback: Callable[[], object]
    ) -> Watcher:
        """Call back whenever *descriptor* is `READABLE` or `WRITABLE`, until closed."""
        watcher: Watcher = self._loop.io(descriptor, events)
        watcher.start(callback)
        return watcher

    def handle_alone(self) -> None:
        """One message was read; it is handled from here until `end_reading`."""
        self._alone = self._reading and self._last_of_turn()

    def may_send(self) -> bool:
        """Whether to send now what would otherwise be written for `flush_later`.

        That is so once for each message that came alone: what it causes first is most
        often all, and its receiver goes on while the rest of the work is done here.
        """
        alone, self._alone = self._alone, False
        return alone

    def flush_later(self, outbox: Flushable) -> None:
        """Call ``outbox.flush()`` once, when everything that is ready now has been
        handled.
        """
        self._dirty.append(outbox)
        if not self._reading:
            self._schedule_flush()

    def flush_early(self, handled: int) -> None:
        """Send now what *handled* messages have caused, if that takes few sends.

        A reader of many messages calls this between two of them. With all of it sent
        at the end of the turn, the loop and a few busy peers would work in turns, each
        waiting for the other; so they work at the same time. While other descriptors
        are waiting to be handled there is no need: their peers are at work.
        """
        few = 0 < len(self._dirty) * _WORTH_A_SEND <= handled
        if few and self._last_of_turn():
            self._flush_dirty()

    def begin_reading(self) -> None:
        """A descriptor is ready, and is read until `end_reading`."""
        self._reading = True

    def end_reading(self) -> None:
        """It is handled. After the last of this turn what was written is sent at once:
        the peers go on while the loop goes through its round.
        """
        self._reading = self._alone = False
        if self._dirty:
            if self._last_of_turn():
                self._flush_dirty()
            else:
                self._schedule_flush()

    def _last_of_turn(self) -> bool:
        """Whether it is known that no other descriptor waits to be handled."""
        return self._knows_pending and not self._loop.pendingcnt

    def _schedule_flush(self) -> None:
        if not self._flush_scheduled:
            self._flush_scheduled = True
            # A prepare watcher would run before gevent's own callbacks, and what
            # greenlets write in this turn would wait for the next event.
            self._loop.run_callback(self._run_scheduled_flush)

    def _run_scheduled_flush(self) -> None:
        self._flush_scheduled = False
        self._flush_dirty()

    def _flush_dirty(self) -> None:
        dirty, self._dirty = self._dirty, []
        for outbox in dirty:
            try:
                outbox.flush()
            except Exception:
                logger.exception("sending to a connection failed: %r", outbox)

    def _run_calls(self) -> None:
        self._calls_scheduled = False
        calls = self._calls
        # Only what is there now: I/O has its turn before what comes meanwhile.
        for _ in range(len(calls)):
            callback, args = calls.popleft()
            guarded(callback, *args)


def _run_hub(started: Any, loops: list[Loop]) -> None:
    """Body of the loop's own thread."""
    loops.append(Loop(gevent.get_hub(), concurrency=THREADS))
    started.release()
    while True:
        gevent.sleep(3600)


def _start_loop_thread() -> Loop:
    """A loop on a hub in a daemon thread of its own."""
    loops: list[Loop] = []
    started = _allocate_lock()
    started.acquire()
    _start_new_thread(_run_hub, (started, loops))
    started.acquire()
    return loops[0]


_loops: dict[int, Loop] = {}
_creating = threading.Lock()


def get_loop(*, current_hub: bool | None = None) -> Loop:
    """This process's loop, started at the first call.

    Args:
        current_hub: Whether that first call makes the calling thread's hub the loop; by
            default, if gevent has patched the process.
    """
    process = os.getpid()
    loop = _loops.get(process)
    if loop is None:
        with _creating:
            loop = _loops.get(process)
            if loop is None:
                _loops.clear()  # a forked child inherits a loop that runs nowhere
                if is_patched() if current_hub is None else current_hub:
                    loop = Loop(gevent.get_hub(), concurrency=GREENLETS)
                else:
                    loop = _start_loop_thread()
                _loops[process] = loop
    return loop
