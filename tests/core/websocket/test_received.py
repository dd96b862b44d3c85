"""What a plain websocket has read: told to whom it is charged."""

from __future__ import annotations

import pytest

from tests.core.wire import BINARY, TEXT, client_frame, deflated
from wsocket.core.websocket.deflate import DeflateParameters, Inflater
from wsocket.core.websocket.events import WebSocketEvent
from wsocket.core.websocket.frames import FrameDecoder
from wsocket.core.websocket.received import Received

MIB = 2**20
SMALL = 10_000  # less is not told


class Told:
    """Whom it is told to.

    Attributes:
        sizes: What was told.
        room: Whether there is room.
    """

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.room = True

    def __call__(self, size: int) -> bool:
        self.sizes.append(size)
        return self.room

    @property
    def last(self) -> int:
        return self.sizes[-1] if self.sizes else 0


@pytest.fixture
def told() -> Told:
    return Told()


def received(told: Told, *, compressed: bool = False) -> Received:
    inflater = Inflater(DeflateParameters()) if compressed else None
    decoder = FrameDecoder(max_message_size=MIB, inflater=inflater)
    return Received(decoder, b"", tell=told)


def read(kept: Received, data: bytes) -> list[WebSocketEvent]:
    """What a read gives; the handler gets all of it."""
    for start in range(0, len(data), 65536):
        if kept.feed(data[start : start + 65536]):
            kept.weigh()
    events = list(kept.events)
    kept.events.clear()
    return events


def test_a_message_is_kept_until_the_handler_wants_the_next_one(told):
    """Not only until it is complete."""
    kept = received(told)
    assert read(kept, client_frame(BINARY, bytes(MIB))) == [bytes(MIB)]
    assert told.last >= MIB
    assert kept.told
    kept.weigh()
    assert told.last == 0


def test_small_messages_are_not_worth_to_be_told(told):
    """That would cost more than they do."""
    kept = received(told)
    read(kept, client_frame(BINARY, bytes(SMALL)))
    assert not kept.told
    assert not any(told.sizes)


def test_tiny_messages_count_as_what_they_take(told):
    """Which is several times as much as they came in."""
    kept = received(told)
    kept.feed(client_frame(BINARY, b"") * 500)
    kept.weigh()
    assert told.last > 2 * 500 * len(client_frame(BINARY, b""))


def test_what_is_not_decoded_yet_counts(told):
    """So many messages come bit by bit."""
    kept = received(told)
    kept.feed(client_frame(TEXT, b"xx") * 8000)
    kept.weigh()
    assert len(kept.events) < 1000
    assert told.last > 8 * 7000


def test_a_text_counts_as_what_it_takes(told):
    """One wide character makes all others as wide; room is asked for in advance."""
    text = "\N{GRINNING FACE}" + "x" * 500_000
    kept = received(told)
    assert read(kept, client_frame(TEXT, text.encode())) == [text]
    assert max(told.sizes[:-1]) > 4 * 500_000
    assert told.last > 4 * 500_000


def test_room_is_asked_for_while_a_message_is_inflated(told):
    """It came in a single read."""
    kept = received(told, compressed=True)
    [message] = read(kept, client_frame(TEXT, deflated(b"x" * MIB), rsv1=True))
    assert len(message) == MIB
    assert len([each for each in told.sizes if 100_000 < each < MIB]) > 5


def test_without_room_nothing_more_is_inflated(told):
    """The close code says that it may be tried again."""
    told.room = False
    kept = received(told, compressed=True)
    [failure] = read(kept, client_frame(TEXT, deflated(b"x" * MIB), rsv1=True))
    assert failure.code == 1013
    assert "Limits.memory" in failure.problem
    assert max(told.sizes) < MIB / 2


def test_small_compressed_messages_count(told):
    """A thousand bytes may become a hundred thousand."""
    kept = received(told, compressed=True)
    read(kept, client_frame(TEXT, deflated(b"x" * 100_000), rsv1=True))
    assert told.last > 100_000
