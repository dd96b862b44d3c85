"""The bytes that all connections together make this process keep."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from operator import attrgetter
from typing import Protocol

from wsocket.core.budget import Budget
from wsocket.core.net.loop import Loop
from wsocket.log import logger

# Backlogs are shed above one part of the limit, so that what is refused at the limit
# finds room, down to another: not again for each frame that follows.
_CROWDED = 7 / 8
_RELIEVED = 6 / 8

# What could be refused has this part of the limit. The rest is for peers that keep no
# more than a little.
_USUAL = 15 / 16
_LITTLE = 4096  # bytes

# What compression keeps cannot be shed; so it has this part of the limit at most.
_CONTEXTS = 1 / 2

# A smaller backlog is not worth to be shed.
_LEAST = 65536  # bytes

# Outside of the loop, who waits for room gets it up to one of these parts of what
# compression leaves: for what comes, or for what is sent. What is sent frees what came,
# so it needs some room. And a little more than what is charged is kept there.
_COMING = 5 / 8
_SENDING = 7 / 8

# And no message is charged with more than this part: one that is allowed, with its
# answer, must never be too large for all the memory beside what compression keeps.
_LARGEST = 3 / 16

# Seconds that somebody waits for room until backlogs are shed, down to this part: most
# of what is kept outside of the loop is free in a moment.
_PATIENCE = 0.25
_ROOMY = 4 / 8


class Backlogged(Protocol):
    """A connection with messages that wait, in or out."""

    @property
    def backlog(self) -> int:
        """How many bytes wait."""

    def shed(self) -> None:
        """Give up at least half of them: events if that is enough, or all.

        What another thread has yet to free, it hands to `Memory.free_later`.
        """


class _Line(deque[tuple[int, Callable[[], object]]]):
    """Who waits for room, in order: how many bytes, and what charges them.

    Args:
        part: They are let in until so much is used.
    """

    def __init__(self, part: float) -> None:
        super().__init__()
        self._part = part

    def let_in(self, memory: Memory) -> None:
        """Charge what there is room for."""
        while self and memory.used + self[0][0] <= memory.part_of_rest(self._part):
            self.popleft()[1]()


class Memory(Budget):
    """The budget of a process (`Limits.memory`).

    What waits in connections cannot be refused. Before it is too much, the largest
    backlogs are shed, at the end of the turn.

    Attributes:
        contexts: The part of it for compression, which is refused when it is used up.
        largest: Bytes that one peer may have charged outside of the loop.
        too_slow: How many events were dropped because an outbox was full.
        shed: How many events were dropped because the process kept too much.
    """

    __slots__ = (
        "_backlogged",
        "_coming",
        "_crowded",
        "_freeing",
        "_looking",
        "_loop",
        "_relieving",
        "_sending",
        "_usual",
        "contexts",
        "largest",
        "shed",
        "too_slow",
    )

    def __init__(self, loop: Loop, limit: int) -> None:
        super().__init__("Limits.memory", limit)
        self._loop = loop
        self._backlogged: set[Backlogged] = set()
        self._relieving = False
        self._crowded = int(limit * _CROWDED)
        self._usual = int(limit * _USUAL)  # for peers that keep more than a little
        self._freeing = 0  # bytes that are charged, and will soon be free
        self._sending = _Line(_SENDING)
        self._coming = _Line(_COMING)
        self._looking = False  # a look at who waits is due
        self.largest = int(limit * _LARGEST)
        self.contexts = Budget("Limits.memory", int(limit * _CONTEXTS), within=self)
        self.too_slow = self.shed = 0

    @property
    def backlog(self) -> int:
        """How many bytes wait in all connections."""
        return sum(each.backlog for each in self._backlogged)

    @property
    def filling(self) -> bool:
        """Whether half of it is used."""
        return self.used * 2 > self.limit

    def part(self, limit: int) -> Budget:
        """A budget for one session (`Limits.session_bytes`)."""
        return Budget("Limits.session_bytes", limit, within=self)

    def weigh(self, connection: Backlogged, before: int, now: int) -> None:
        """The backlog of *connection* was *before* bytes, and is *now* so many."""
        if now > before:
            if not before:
                self._backlogged.add(connection)
            self.charge(now - before)
        elif now < before:
            if not now:
                self._backlogged.discard(connection)
            self.give_back(before - now)

    def free_later(self, connection: Backlogged, size: int) -> None:
        """*connection* has given up all it had; its thread still has to free it."""
        self._backlogged.discard(connection)
        self._freeing += size

    def freed(self, size: int) -> None:
        """That has been done."""
        self._freeing -= size
        self.give_back(size)

    def when_free(
        self, size: int, charge: Callable[[], object], *, sending: bool
    ) -> None:
        """Call *charge*, which takes *size* bytes, as soon as they are free.

        For who can wait, outside of the loop. Backlogs are shed only if it has to wait
        for long.

        Args:
            sending: It is for what is sent, not for what comes.
        """
        line = self._sending if sending else self._coming
        line.append((min(size, self.largest), charge))
        line.let_in(self)
        if line and not self._looking:
            self._look_later()

    def give_back(self, size: int) -> None:
        """See `Budget.give_back`."""
        super().give_back(size)
        if self._looking:
            self._let_in()

    def part_of_rest(self, part: float) -> float:
        """So much: what compression keeps, and a part of the rest of the limit."""
        contexts = self.contexts.used
        return contexts + (self.limit - contexts) * part

    def _let_in(self) -> None:
        self._sending.let_in(self)
        self._coming.let_in(self)

    def _look_later(self) -> None:
        self._looking = True
        self._loop.call_later(_PATIENCE, self._look)

    def _look(self) -> None:
        """Make room if somebody has waited for long."""
        self._looking = False
        if self._sending or self._coming:
            self._looking = True
            self._shed_down_to(self.part_of_rest(_ROOMY))
            self._let_in()
            self._look_later()

    def lacking(self, size: int, kept: int = -1) -> Budget | None:
        """See `Budget.lacking`; what will soon be free counts as free.

        The last part is for peers that keep little: those that keep more cannot have
        everybody else refused.
        """
        used = self.used - self._freeing + size
        if used <= self._usual:
            return None
        if used <= self.limit and 0 <= kept <= _LITTLE - size:
            return None
        self._relieve_soon()
        return self

    def charge(self, size: int) -> None:
        """See `Budget.charge`."""
        super().charge(size)
        if self.used > self._crowded:
            self._relieve_soon()

    def _relieve_soon(self) -> None:
        # Not now: whoever keeps something may be in the midst of something.
        if self._backlogged and not self._relieving:
            self._relieving = True
            self._loop.call_soon(self._relieve)

    def _relieve(self) -> None:
        """Shed the largest backlogs, until there is room."""
        self._relieving = False
        self._shed_down_to(self.limit * _RELIEVED)

    def _shed_down_to(self, target: float) -> None:
        size_of = attrgetter("backlog")
        shed = 0
        while self._backlogged and self.used - self._freeing > target:
            largest = max(self._backlogged, key=size_of)
            if largest.backlog < _LEAST:
                break
            largest.shed()
            shed += 1
        if shed:
            logger.warning(
                "connections keep nearly all of Limits.memory, %d bytes: the largest "
                "backlogs were shed, %d times",
                self.limit,
                shed,
            )
