"""What all connections together may keep."""

from __future__ import annotations

import pytest

from tests.core.worlds import LOOP_WORLDS, LoopWorld
from wsocket.core.budget import Budget
from wsocket.core.net.memory import Memory

MIB = 2**20


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def on(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


class Backlog:
    """A connection in which *size* bytes wait."""

    def __init__(self, memory: Memory, size: int) -> None:
        self._memory = memory
        self.backlog = size
        self.sheds = 0
        memory.weigh(self, 0, size)

    def shed(self) -> None:
        self.sheds += 1
        before, self.backlog = self.backlog, self.backlog // 2
        self._memory.weigh(self, before, self.backlog)


def backlogs(on: LoopWorld, memory: Memory, *sizes: int) -> list[Backlog]:
    """Backlogs that grow in one turn; it is over when this returns."""
    made = on.run(lambda: [Backlog(memory, size * MIB) for size in sizes])
    on.run(lambda: True)
    return made


def test_the_largest_backlog_is_shed_first(on, caplog):
    """Until there is room again; the small ones lose nothing."""
    memory = Memory(on.loop, 16 * MIB)
    large, small, larger = backlogs(on, memory, 6, 1, 10)
    assert (large.sheds, small.sheds, larger.sheds) == (0, 0, 1)
    assert memory.used == 12 * MIB
    assert "Limits.memory, 16777216 bytes" in caplog.text


def test_nothing_is_shed_while_there_is_room(on):
    """An eighth of the limit is for what would be refused."""
    memory = Memory(on.loop, 16 * MIB)
    assert [each.sheds for each in backlogs(on, memory, 7, 7)] == [0, 0]


def test_backlogs_leave_room_for_what_could_be_refused(on):
    """Whoever keeps something is not refused because others do not read."""
    memory = Memory(on.loop, 16 * MIB)
    [slow] = backlogs(on, memory, 15)
    session = Budget("Limits.session_bytes", 8 * MIB, within=memory)
    assert slow.sheds
    assert on.run(session.take, 2 * MIB) is None


def test_backlogs_make_room_for_what_was_refused(on):
    """Whoever was refused because others do not read may try again."""
    memory = Memory(on.loop, 16 * MIB)
    [slow] = backlogs(on, memory, 13)
    session = Budget("Limits.session_bytes", 8 * MIB, within=memory)
    assert on.run(session.take, 4 * MIB) is memory
    on.run(lambda: True)
    assert slow.sheds
    assert on.run(session.take, 4 * MIB) is None


class Held(Backlog):
    """One whose bytes are in a thread, which has not freed them yet."""

    def shed(self) -> None:
        self.sheds += 1
        self.given_up, self.backlog = self.backlog, 0
        self._memory.free_later(self, self.given_up)


def test_what_will_soon_be_free_counts_as_free(on):
    """Nobody else is shed or refused for it, and it is given back once."""
    memory = Memory(on.loop, 16 * MIB)
    held, other = on.run(lambda: [Held(memory, 9 * MIB), Backlog(memory, 6 * MIB)])
    on.run(lambda: True)
    assert (held.sheds, other.sheds, memory.used) == (1, 0, 15 * MIB)
    assert on.run(memory.take, 2 * MIB) is None
    on.run(lambda: True)
    on.run(memory.freed, held.given_up)
    assert (held.sheds, other.sheds, memory.used) == (1, 0, 8 * MIB)


def test_what_is_kept_otherwise_is_refused_and_ends_nothing(on):
    """Without backlogs the process only says no."""
    memory = Memory(on.loop, 16 * MIB)
    sessions = [Budget("session", 8 * MIB, within=memory) for _ in range(3)]
    taken = on.run(lambda: [each.take(7 * MIB) for each in sessions])
    assert taken == [None, None, memory]


def test_the_last_part_is_for_those_that_keep_little(on):
    """Those that keep more cannot have everybody else refused."""
    memory = Memory(on.loop, 16 * MIB)
    greedy, little = (Budget("session", 16 * MIB, within=memory) for _ in range(2))
    assert on.run(greedy.take, 15 * MIB) is None
    assert on.run(greedy.take, 1000) is memory
    assert on.run(little.take, 3000) is None
    assert on.run(little.take, 3000) is memory  # it would be a little more


def test_a_common_budget_says_how_much_the_peer_keeps(on):
    """It has more itself, of many peers."""
    memory = Memory(on.loop, 16 * MIB)
    common = Budget("common", 16 * MIB, within=memory)
    assert on.run(lambda: common.take(15 * MIB, 0)) is None
    assert on.run(lambda: common.take(1000, 10_000)) is memory
    assert on.run(lambda: common.take(1000, 0)) is None


def test_also_of_the_last_part_there_is_no_more_than_there_is(on):
    memory = Memory(on.loop, MIB)
    peers = [Budget("session", MIB, within=memory) for _ in range(300)]
    taken = on.run(lambda: [each.take(4000) for each in peers])
    assert taken.count(None) == MIB // 4000


def test_a_backlog_that_is_gone_is_not_shed(on):
    """Its connection has taken everything, or has ended."""
    memory = Memory(on.loop, 16 * MIB)
    [read] = backlogs(on, memory, 10)
    on.run(memory.weigh, read, read.backlog, 0)
    [slow] = backlogs(on, memory, 20)
    assert (read.sheds, slow.sheds) == (0, 1)


def test_many_small_backlogs_are_left_alone(on):
    """To end them would free next to nothing."""
    memory = Memory(on.loop, MIB)
    made = on.run(lambda: [Backlog(memory, 60_000) for _ in range(30)])
    on.run(lambda: True)
    assert not any(each.sheds for each in made)
