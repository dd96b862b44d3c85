"""Messages that wait for a slow receiver."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from wsocket.core.net.outbox import Droppable, Outbox

FRAMES = st.lists(
    st.one_of(st.binary(max_size=9), st.binary(max_size=9).map(Droppable)), max_size=30
)


def outbox_of(frames, *, messages: int = 1000, size: int = 1000) -> Outbox:
    outbox = Outbox(messages=messages, size=size)
    outbox.extend(frames)
    return outbox


def rest(outbox: Outbox) -> list[bytes]:
    """Everything that waits."""
    return [bytes(frame) for frame in outbox.take(sys.maxsize)] if outbox else []


@given(FRAMES, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=9))
def test_what_is_sent_in_parts_arrives_whole(frames, turns):
    """However much is taken at once, and however little of that is sent."""
    outbox = outbox_of(frames)
    sent = b""
    for size, accepted in turns:
        if not len(outbox):
            break
        taken = outbox.take(size)
        data = b"".join(taken)
        sent += data[:accepted]
        if accepted < len(data):
            outbox.put_back(taken, accepted)
    assert sent + b"".join(rest(outbox)) == b"".join(frames)


@given(FRAMES, st.integers(0, 40))
def test_as_much_is_taken_as_fits(frames, size):
    """One frame at least, however large; more only if all of them fit."""
    outbox = outbox_of(frames)
    place = 0
    while len(outbox):
        taken = outbox.take(size)
        assert taken == frames[place : place + len(taken)]
        place += len(taken)
        total = sum(map(len, taken))
        assert len(taken) == 1 or total <= size
        assert place == len(frames) or total + len(frames[place]) > size
    assert place == len(frames)


@given(FRAMES, st.integers(1, 10), st.integers(1, 40))
def test_oldest_droppable_frames_are_dropped_and_no_others(frames, messages, size):
    """As many as must be; then the rest fits, or none of it may be dropped."""
    outbox = outbox_of(frames, messages=messages, size=size)
    dropped = outbox.drop_oldest()
    droppable = [place for place, each in enumerate(frames) if type(each) is Droppable]
    gone = set(droppable[:dropped])
    kept = [each for place, each in enumerate(frames) if place not in gone]
    fits = len(kept) <= messages and sum(map(len, kept)) <= size
    assert outbox.fits is fits
    assert fits or dropped == len(droppable)
    if dropped:
        one_more = [*kept, frames[droppable[dropped - 1]]]
        assert len(one_more) > messages or sum(map(len, one_more)) > size
    assert rest(outbox) == kept


def test_frame_that_is_partly_sent_is_not_dropped():
    """Its receiver would take the next frame for the rest of it."""
    outbox = outbox_of([], messages=1, size=1)
    outbox.put_back([Droppable(b"abc"), Droppable(b"def")], 1)
    assert outbox.drop_oldest() == 1
    assert not outbox.fits
    assert str(outbox) == "1 messages, 2 bytes wait (limits: 1 messages, 1 bytes)"
    assert rest(outbox) == [b"bc"]
