"""The I/O loop: a gevent hub that runs callbacks.

All connections of the router live here. The loop calls back when a socket is ready or a
time has come, and it decides when streams send what was written to them. Other threads
enter by `Loop.call_soon` only. Nothing here blocks, and no user code runs here.

If gevent has patched the process, the loop is the current hub. Otherwise it is a hub in
a daemon thread of its own. There is one loop for each process. It is made when it is
first needed, because many servers fork after they have loaded the application."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter, thread_time
from typing import Any, Final

import gevent
from gevent import monkey

from wsocket.core.concurrency.eventlet_patches import refuse_eventlet_patches
from wsocket.core.concurrency.kinds import GREENLETS, THREADS, Concurrency, is_patched
from wsocket.core.concurrency.switching import fit_switch_interval
from wsocket.core.net.clock import SYSTEM_CLOCK, Clock
from wsocket.core.net.clock import Watcher as Watcher
from wsocket.core.net.guarded import guarded
from wsocket.core.net.put_off import PutOff
from wsocket.core.net.reading_order import ReadingOrder
from wsocket.core.net.send_queue import Flushable, SendQueue

READABLE, WRITABLE = 1, 2

# Handled messages for each connection written to: fewer are not worth an early send.
_WORTH_A_SEND: Final = 8

# Seconds of one turn for each kind of work. What is left waits for the next turn. A
# login takes ten turns, so they have to be short.
_READING: Final = 0.001  # reading sockets that are ready
_SHARE: Final = 1 / 8  # of its turn, for one of several that are ready
_LITTLE: Final = 0.0002  # seconds of CPU time that one read may take
_GOING_ON: Final = 0.001  # handling the rest of what was read in earlier turns
_CALLING: Final = 0.001  # calls from other threads

# Seconds between two looks whether there are fewer threads.
_THREADS_END: Final = 1.0

# The real thread's identity, also if gevent has patched `threading`.
_get_ident = monkey.get_original("_thread", "get_ident")
_allocate_lock = monkey.get_original("_thread", "allocate_lock")
_start_new_thread = monkey.get_original("_thread", "start_new_thread")


class LoopReader(Flushable):
    """What also reads a socket when the loop says that it is ready.

    Attributes:
        demanding: Whether its last read took long, while others waited.
    """

    __slots__ = ("demanding",)

    def __init__(self) -> None:
        self.demanding = False

    def read(self) -> None:
        """Read the socket, and handle what came."""
        raise NotImplementedError


class Timer:
    """A callback that runs once, after some seconds, unless cancelled."""

    __slots__ = ("_watcher",)

    def __init__(self, watcher: Watcher) -> None:
        self._watcher: Watcher | None = watcher

    def cancel(self) -> None:
        """Forget the callback; does nothing if it has already run."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.close()

    def start(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        """Arm the timer; the loop calls this."""
        if self._watcher is not None:
            self._watcher.start(self._fire, callback, args)

    def _fire(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.cancel()
        guarded(callback, *args)


class Loop:
    """Callbacks on one gevent hub; see the module's docstring.

    Except for `call_soon`, methods may only be called on the loop's own thread.

    Attributes:
        concurrency: How user code runs that the loop starts: in greenlets of the same
            hub, or in threads if the hub has a thread of its own.
        clock: What the loop knows of time.
        send_queue: Who is sent to at the end of the turn.
    """

    def __init__(
        self, hub: Any, *, concurrency: Concurrency, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self.concurrency = concurrency
        self.clock = clock
        self._loop = hub.loop
        self._new_timer = clock.timers(hub.loop)
        self._new_look = clock.looks(hub.loop)
        # Only libev knows how many sockets are still to be handled. libuv says 0.
        self._knows_pending = ".libev." in type(hub.loop).__module__
        self._ident = _get_ident()
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._calls_scheduled = False
        self.send_queue = SendQueue(partial(self.call_later, 0))
        self._flush_scheduled = False
        self._reading = False  # inside `run_reader`
        self._iteration = 0.0
        self._reading_ends = 0.0
        self._unread = self._put_off(_READING)
        self._to_be_read: ReadingOrder[LoopReader] = ReadingOrder()  # by `_unread`
        self._unfinished = self._put_off(_GOING_ON)
        # Wakes the hub up, and keeps it alive while nothing else is registered.
        self._wakeup = self._loop.async_()
        self._wakeup.start(self._run_calls)

    @property
    def here(self) -> bool:
        """Whether the calling code runs on the loop's thread."""
        return bool(_get_ident() == self._ident)

    def now(self) -> float:
        """The loop's clock, in seconds. It never goes back, unlike that of gevent."""
        return self.clock.monotonic()

    @property
    def quiet(self) -> bool:
        """Whether nothing waits for the next turn: no call, and nothing to be sent."""
        return not (self._calls or self.send_queue)

    def close(self) -> None:
        """Call nothing back any more, of what `call_soon` was given."""
        self._calls_scheduled = True
        self._wakeup.close()

    def call_soon(self, callback: Callable[..., object], *args: Any) -> None:
        """Run ``callback(*args)`` on the loop; from any thread, in the order of the
        calls.
        """
        self._calls.append((callback, args))
        if self._calls_scheduled:
            return
        # `_run_calls` clears the flag before it empties the queue: so a call that finds
        # the flag set is in time.
        self._calls_scheduled = True
        if self.here:
            self._loop.run_callback(self._run_calls)
        else:
            self._wakeup.send()

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Timer:
        """Run ``callback(*args)`` on the loop after some *seconds*."""
        timer = Timer(self._new_timer(seconds))
        timer.start(callback, args)
        return timer

    def look_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """The same for who looks again whether a peer has read, for instance."""
        timer = Timer(self._new_look(seconds))
        timer.start(callback, ())
        return timer

    def watch(
        self, descriptor: int, events: int, callback: Callable[[], object]
    ) -> Watcher:
        """Call back whenever *descriptor* is `READABLE` or `WRITABLE`, until closed."""
        watcher: Watcher = self._loop.io(descriptor, events)
        watcher.start(callback)
        return watcher

    def around_turns(
        self, begin: Callable[[], object], end: Callable[[], object]
    ) -> list[Watcher]:
        """Call *begin* before the callbacks of each turn, and *end* after them."""
        loop = self._loop  # without a reference, they do not keep it going
        watchers: list[Watcher] = [loop.check(ref=False), loop.prepare(ref=False)]
        for watcher, callback in zip(watchers, (begin, end), strict=True):
            watcher.start(callback)
        return watchers

    def run_reader(self, stream: LoopReader) -> None:
        """Have *stream* read its socket, which is ready: now, or in a later turn.

        Everything that was written in this turn is sent right after the last ready
        socket was handled: the peers can go on while the hub does the rest of its turn.
        """
        if self.send_queue.crowded:  # others would be sent to first
            self._read_later(stream)
        elif self._last_of_turn():
            self._read(stream)
        elif not stream.demanding and self._time_is_left():
            self._read_beside_others(stream)
        else:
            self._read_later(stream)

    def share(self, turn: float) -> float:
        """Seconds for which a stream may work now that may have *turn* seconds alone.

        With little for each, those that send one small message are served in every
        turn, however many send without an end.
        """
        return turn if self._last_of_turn() else turn * _SHARE

    def go_on_later(self, callback: Callable[[], object]) -> None:
        """Call back in a later turn, to handle the rest of what was read."""
        self._unfinished.add(callback)

    def flush_later(self, stream: Flushable) -> None:
        """Call ``stream.flush()`` once, after everything that is ready was handled."""
        self.send_queue.add(stream)
        if not self._reading:
            self._schedule_flush()

    def flush_early(self, handled: int) -> None:
        """Send now what *handled* messages of a read have caused, if that is cheap.

        A reader of many messages calls this between two of them. If everything were
        sent at the end of the turn, the loop and a few busy peers would wait for each
        other. With an early send they work at the same time. If other sockets wait to
        be handled, nothing is sent: their peers are busy already.
        """
        few = 0 < len(self.send_queue) * _WORTH_A_SEND <= handled
        if few and self._last_of_turn():
            self.send_queue.flush()

    def _read(self, stream: LoopReader) -> None:
        self._reading = True
        try:
            stream.read()
        finally:
            self._reading = False
            if self.send_queue:
                if self._last_of_turn():
                    self.send_queue.flush()
                else:
                    self._schedule_flush()

    def _read_beside_others(self, stream: LoopReader) -> None:
        """Read, and note whether that takes long: then others come first."""
        before = thread_time()
        self._read(stream)
        stream.demanding = thread_time() - before > _LITTLE

    def _read_later(self, stream: LoopReader) -> None:
        # It is ready in the next turn, too. But then it may be the last one again.
        if self._to_be_read.add(stream):
            self._unread.add(self._read_next)

    def _read_next(self) -> None:
        self._read_beside_others(self._to_be_read.next())

    def _time_is_left(self) -> bool:
        """Whether one more may read now: were there a hundred, each waits for all."""
        iteration = self._loop.now()  # it changes once for each turn
        now = perf_counter()
        if iteration != self._iteration:
            self._iteration = iteration
            self._reading_ends = now + _READING
        return now < self._reading_ends

    def _put_off(self, portion: float) -> PutOff:
        return PutOff(partial(self.call_later, 0), self.send_queue, portion=portion)

    def _last_of_turn(self) -> bool:
        """Whether it is certain that no other socket waits to be handled."""
        return self._knows_pending and not self._loop.pendingcnt

    def _schedule_flush(self) -> None:
        if not self._flush_scheduled:
            self._flush_scheduled = True
            # A prepare watcher would run before gevent's own callbacks. What greenlets
            # write in this turn would then wait for the next event.
            self._loop.run_callback(self._run_scheduled_flush)

    def _run_scheduled_flush(self) -> None:
        self._flush_scheduled = False
        self.send_queue.flush()

    def _run_calls(self) -> None:
        self._calls_scheduled = False
        calls = self._calls
        ends = perf_counter() + _CALLING
        # Calls that come meanwhile wait until sockets had their turn.
        for _ in range(len(calls)):
            callback, args = calls.popleft()
            guarded(callback, *args)
            if perf_counter() > ends:
                break
        if calls and not self._calls_scheduled:
            self._calls_scheduled = True
            self.call_later(0, self._run_calls)


def _run_hub(started: Any, made: list[Loop | BaseException]) -> None:
    """What the loop's own thread runs."""
    try:
        made.append(Loop(gevent.get_hub(), concurrency=THREADS))
    except BaseException as error:  # no descriptors for it, for instance
        made.append(error)
        return
    finally:
        started.release()
    while True:
        gevent.sleep(_THREADS_END)
        fit_switch_interval()


def _start_loop_thread() -> Loop:
    """A loop on a hub in a daemon thread of its own.

    Raises:
        RuntimeError: eventlet has patched this process.
        RuntimeError, MemoryError, OSError: The system has no room for it.
    """
    refuse_eventlet_patches()
    made: list[Loop | BaseException] = []
    started = _allocate_lock()
    started.acquire()
    _start_new_thread(_run_hub, (started, made))
    started.acquire()
    if isinstance(made[0], BaseException):
        raise made[0]
    return made[0]


_loops: dict[int, Loop] = {}
_creating = threading.Lock()


def get_loop(*, current_hub: bool | None = None) -> Loop:
    """The loop of this process; the first call makes it.

    Args:
        current_hub: Whether the first call makes the loop from the hub of the calling
            thread. By default it does if gevent has patched the process.
    """
    process = os.getpid()
    loop = _loops.get(process)
    if loop is None:
        with _creating:
            loop = _loops.get(process)
            if loop is None:
                _loops.clear()  # the parent's, if this is a forked child: not running
                if is_patched() if current_hub is None else current_hub:
                    loop = Loop(gevent.get_hub(), concurrency=GREENLETS)
                else:
                    loop = _start_loop_thread()
                _loops[process] = loop
    return loop


def use_loop(loop: Loop) -> None:
    """Make *loop* the one of this process, in place of the present one."""
    _loops[os.getpid()] = loop
