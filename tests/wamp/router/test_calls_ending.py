"""Waiting for calls: for those that are under way, not for later ones."""

from __future__ import annotations

from collections.abc import Callable

from wsocket.wamp.router.calls_ending import LOOK, CallsEnding


class Clock:
    """Runs callbacks when it is told to."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        assert seconds == LOOK
        self.due.append(callback)

    def tick(self) -> None:
        due, self.due = self.due, []
        for callback in due:
            callback()


class Waiting:
    """A wait for the calls in `calls`."""

    def __init__(self, *calls: str, timeout: float = 60.0) -> None:
        self.calls = set(calls)
        self.ended = False
        self.clock = Clock()
        CallsEnding(
            lambda: iter(self.calls),
            call_later=self.clock.call_later,
            timeout=timeout,
            ended=self.end,
        )

    def end(self) -> None:
        self.ended = True


def test_without_calls_it_is_over_at_once():
    """Nobody has to look again."""
    waiting = Waiting()
    assert waiting.ended
    assert not waiting.clock.due


def test_it_is_over_with_the_last_call():
    """A later call, also with the number of an earlier one, changes nothing."""
    waiting = Waiting("first", "second")
    waiting.calls = {"second", "later"}
    waiting.clock.tick()
    assert not waiting.ended
    waiting.calls = {"later", "first"}
    waiting.clock.tick()
    assert waiting.ended
    assert not waiting.clock.due


def test_nobody_looks_for_ever():
    """After the timeout the wait is given up, and is never over."""
    waiting = Waiting("hangs", timeout=5 * LOOK)
    ticks = 0
    while waiting.clock.due:
        waiting.clock.tick()
        ticks += 1
    assert 4 <= ticks <= 5
    assert not waiting.ended
