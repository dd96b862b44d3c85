"""What a plain websocket keeps of the messages that it sends."""

from __future__ import annotations

import time

import pytest

from tests.core.websocket.test_blocking import Both
from tests.core.wire import TEXT
from tests.core.worlds import WORLDS, World
from tests.patience import SECONDS

MIB = 2**20
LARGE = "x" * 8 * MIB  # more than the kernel takes
MEDIUM = "x" * 60_000


@pytest.fixture(params=list(WORLDS))
def world(request) -> World:
    return WORLDS[request.param]


@pytest.fixture
def told() -> list[int]:
    return []


@pytest.fixture
def both(world, told):
    def tell(size: int) -> bool:
        told.append(size)
        return True

    both = Both(world, outgoing=tell)
    yield both
    both.peer.close()
    both.ws.close()


def waits_with(world: World, told: list[int], size: int) -> None:
    """Wait until it is told that so much is kept, or more."""
    deadline = time.monotonic() + SECONDS
    while not told or told[-1] < size:
        world.concurrency.let_others()
        assert time.monotonic() < deadline


def test_a_message_and_its_frame_are_kept_while_nobody_reads(world, both, told):
    """Then they are not kept any more."""
    task = both.start(both.ws.send, LARGE)
    waits_with(world, told, 2 * len(LARGE))
    assert both.peer.frame() == (TEXT, LARGE.encode(), True, False)
    task.result()
    assert told[-1] == 0


def test_a_large_message_waits_for_room_before_its_frame_is_made(both, told):
    """Also if the kernel takes all of it at once."""
    task = both.start(both.ws.send, "x" * 200_000)
    both.peer.frame()
    task.result()
    assert told[0] >= 2 * 200_000
    assert told[-1] == 0


def test_others_are_told_only_if_the_kernel_does_not_take_them(world, both, told):
    """That costs nothing as long as the peer reads."""

    begun = []

    def send_until_it_waits() -> None:
        while not any(told):
            begun.append(MEDIUM)
            both.ws.send(MEDIUM)

    both.ws.send(MEDIUM)
    both.peer.frame()
    assert not any(told)
    task = both.start(send_until_it_waits)
    waits_with(world, told, 2 * len(MEDIUM))
    for _ in begun[:]:
        both.peer.frame()
    task.result()
    assert told[-1] == 0


@pytest.mark.parametrize("message", [bytearray(LARGE.encode()), LARGE.encode()])
def test_nothing_is_kept_for_a_peer_that_is_gone(world, both, told, message):
    """Whatever kind of message it was."""
    task = both.start(both.ws.send, message)
    waits_with(world, told, len(message))
    both.ws.drop()
    with pytest.raises(Exception, match="closed"):
        task.result()
    assert told[-1] == 0
