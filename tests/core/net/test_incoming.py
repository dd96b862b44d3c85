"""What threads and greenlets keep: charged to the process, and waiting for room."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import ClassVar

import pytest

from tests.core.worlds import LOOP_WORLDS, LoopWorld
from tests.patience import SECONDS
from wsocket.core.net.incoming import Incoming
from wsocket.core.net.memory import Memory

MIB = 2**20
LIMIT = 16 * MIB
FITTING = 10 * MIB  # of what comes; more of it waits


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def on(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


@pytest.fixture
def memory(on) -> Iterator[Memory]:
    """In the end nothing is kept, and nobody waits: the next test has the same loop."""
    yield Memory(on.loop, LIMIT)
    peers, Peer.made = Peer.made, []
    on.run(lambda: [each.incoming.end() for each in peers])


class Peer:
    """A peer whose bytes are kept.

    Attributes:
        made: All that this test has made.
        stopped: Set when they are to be given up.
    """

    made: ClassVar[list[Peer]] = []

    def __init__(self, on: LoopWorld, memory: Memory, *, sending: bool = False) -> None:
        Peer.made.append(self)
        self.stopped = on.world.event()
        self._on = on
        self.incoming = Incoming(on.loop, lambda: memory, sending=sending)
        self.incoming.stop = self.stopped.set

    def has(self, size: int):
        """A task that keeps *size* bytes, as soon as there is room."""
        return self._on.world.start(self.incoming.has, size)


def charged_with(on, memory, size) -> None:
    """Wait until so much is charged."""
    deadline = time.monotonic() + SECONDS
    while on.run(lambda: memory.used) != size:
        assert time.monotonic() < deadline


def kept(on, memory, size) -> list[Peer]:
    """Peers that keep *size* bytes together, and go on keeping them."""
    peers = [Peer(on, memory) for _ in range(size // MIB)]
    for peer in peers:
        assert peer.has(MIB).result()
    charged_with(on, memory, size)
    return peers


def test_what_is_kept_is_charged_and_given_back(on, memory):
    """In steps; less is not worth to be told."""
    peer = Peer(on, memory)
    for size in (MIB, 2 * MIB, MIB // 2):
        assert peer.has(size).result()
        charged_with(on, memory, size)
    assert peer.has(MIB // 2 + 100).result()
    assert peer.has(0).result()
    charged_with(on, memory, 0)


def test_who_would_keep_too_much_waits_until_there_is_room(on, memory):
    """It is charged when it goes on, not before."""
    first, *_ = kept(on, memory, FITTING)
    waiting = Peer(on, memory).has(MIB)
    assert on.run(lambda: memory.used) == FITTING
    assert not waiting.done.is_set()
    first.incoming.has(0)
    assert waiting.result()
    charged_with(on, memory, FITTING)


def test_what_is_sent_need_not_wait_for_what_comes(on, memory):
    """It will free what came."""
    kept(on, memory, FITTING)
    waiting = Peer(on, memory).has(MIB)
    assert Peer(on, memory, sending=True).has(MIB).result()
    charged_with(on, memory, FITTING + MIB)
    assert not waiting.done.is_set()


def test_others_are_given_up_if_it_takes_long(on, memory):
    """Those that keep most; what they keep is charged until they have freed it."""
    peers = kept(on, memory, FITTING)
    waiting = Peer(on, memory).has(MIB)
    deadline = time.monotonic() + SECONDS
    while not (gone := [each for each in peers if each.stopped.is_set()]):
        on.world.concurrency.let_others()
        assert time.monotonic() < deadline
    assert not waiting.done.is_set()
    for each in gone:
        assert not each.incoming.has(0)
    assert waiting.result()


def test_who_waits_can_be_given_up(on, memory):
    """It is told so at once."""
    kept(on, memory, FITTING - MIB)
    peer = Peer(on, memory)
    assert peer.has(100_000).result()
    waiting = peer.has(3 * MIB)
    on.run(lambda: True)
    on.run(peer.incoming.shed)
    assert not waiting.result()
    assert peer.stopped.is_set()


def test_no_message_is_too_large_for_all_the_memory(on, memory):
    """Also a text that takes more than it came in is let in, and ends nobody."""
    peer = Peer(on, memory)
    assert peer.has(2 * LIMIT).result()
    assert on.run(lambda: memory.used) < LIMIT / 4
    assert not peer.stopped.is_set()


def test_there_is_room_beside_all_contexts_of_compression(on, memory):
    """For a message, and for the answer to it."""
    assert on.run(memory.contexts.take, LIMIT // 2) is None
    coming, sending = Peer(on, memory), Peer(on, memory, sending=True)
    assert coming.has(LIMIT // 4).result()
    assert sending.has(LIMIT // 4).result()
    on.run(lambda: True)
    for each in (coming, sending):
        assert not each.stopped.is_set()
