"""Waiting until nobody has anything to do, and moving the clock step by step.

All of this runs on the loop. A message that lies in the kernel is found by the next
turn of the loop. So after a few turns in which nothing has happened, nothing will.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from wsocket.core.net.loop import Loop, Timer
from wsocket.testing.clock import MovedClock
from wsocket.testing.watched import WatchedConcurrency

# From the client's socket to the application and back takes two turns.
_TURNS: Final = 4

# Seconds between two looks at threads that work. The loop does not spin meanwhile.
_LOOK: Final = 0.0005


class Activity:
    """Whether the application has anything to do.

    Args:
        hub: The hub of *loop*.

    Attributes:
        bytes: How many bytes the test's side has read and written.
        given_up: The state in which somebody has given up waiting already.
    """

    def __init__(
        self,
        loop: Loop,
        hub: Any,
        *,
        clock: MovedClock,
        concurrency: WatchedConcurrency,
    ) -> None:
        self._loop = loop
        self._timer = hub.loop.timer
        self._clock = clock
        self._concurrency = concurrency
        self.bytes = 0
        self.given_up: tuple[int, int] | None = None

    def idle(self) -> bool:
        """Whether nothing is about to happen, but for what lies in the kernel."""
        # In this order: who waits for the loop has called it before.
        return self._concurrency.idle() and self._loop.quiet and not self._clock.pending

    def state(self) -> tuple[int, int]:
        """Changes whenever something happens."""
        return self.bytes, self._concurrency.steps

    def look_later(self, callback: Callable[[], None]) -> None:
        """Call back in the next turn, or soon if somebody works."""
        pause = 0.0 if self._concurrency.idle() else _LOOK
        Timer(self._timer(pause)).start(callback, ())


class Settling:
    """Waits until the application is idle.

    Args:
        patience: Real seconds; then it is given up.
        done: Called with whether it is idle.
        persistent: Whether to wait, though somebody has just given up.
    """

    def __init__(
        self,
        activity: Activity,
        *,
        patience: float,
        done: Callable[[bool], None],
        persistent: bool,
    ) -> None:
        self._activity = activity
        self._deadline = monotonic() + patience
        self._done = done
        self._given_up = None if persistent else activity.given_up
        self._state = activity.state()
        self._turns = self._busy_turns = 0

    def look(self) -> None:
        """Look whether it is; call this once."""
        activity = self._activity
        state, before = activity.state(), self._state
        self._state = state
        self._turns = self._turns + 1 if state == before and activity.idle() else 0
        self._busy_turns = self._busy_turns + 1 if state == self._given_up else 0
        if self._turns == _TURNS:
            self._done(True)
        elif self._busy_turns == _TURNS or monotonic() > self._deadline:
            self._activity.given_up = state
            self._done(False)
        else:
            activity.look_later(self.look)


class Moving:
    """Moves the clock from one timer to the next, and lets everything settle between.

    Who works for long (a procedure that waits for the test) is waited for once.

    Args:
        until: Seconds, as `MovedClock.passed` counts them.
        patience: Real seconds to wait for those who work.
        done: Called when that is over.
    """

    def __init__(
        self,
        activity: Activity,
        clock: MovedClock,
        *,
        until: float,
        patience: float,
        done: Callable[[], None],
    ) -> None:
        self._activity = activity
        self._clock = clock
        self._until = until
        self._patience = patience
        self._done = done
        self._over = False

    def begin(self) -> None:
        """Let everything settle first."""
        Settling(
            self._activity,
            patience=self._patience,
            done=self._settled,
            persistent=False,
        ).look()

    def _settled(self, _: bool) -> None:
        if self._over:
            self._done()
            return
        due = self._clock.next_due()
        if due is None or due > self._until:
            due, self._over = self._until, True
        for timer in self._clock.move(due):
            timer.fire()
        self.begin()
