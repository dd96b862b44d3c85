"""Bounded outboxes: what waits for a receiver that does not read."""

from __future__ import annotations

import pytest

from tests.core.websocket.on_loop.conftest import LARGE, NUMBER, large, text
from wsocket.core.net.limits import Limits
from wsocket.core.net.outbox import Droppable


def test_the_oldest_droppable_frames_are_dropped_and_counted(on, make):
    """Who reads again gets the newest, and every reply between them."""
    line = make(limits=Limits(outbox_messages=10))
    for number in range(0, 100, 2):
        line.write(Droppable(large(number)), Droppable(large(number + 1)))
    line.write(text("reply"))
    total = 100 - on.run(lambda: line.stream.dropped)
    heard = [int(payload[:NUMBER]) for payload in line.texts(total)]
    assert line.texts(1) == [b"reply"]
    gap = next(place for place in range(total) if heard[place] != place)
    assert heard[:gap] == list(range(gap))
    assert heard[gap:] == list(range(100 - (total - gap), 100))
    assert 0 < total < 30


def test_bytes_are_limited_too(on, make):
    """A few large frames may be too much."""
    line = make(limits=Limits(outbox_bytes=4 * LARGE))
    line.write(*[Droppable(large(number)) for number in range(50)])
    dropped = on.run(lambda: line.stream.dropped)
    assert 30 < dropped < 50
    heard = [int(payload[:NUMBER]) for payload in line.texts(50 - dropped)]
    assert heard[-3:] == [47, 48, 49]


def test_a_reply_is_never_dropped_but_the_connection(make, caplog):
    """The log says why; the peer sees the connection end."""
    line = make(limits=Limits(outbox_messages=10))
    line.write(*map(large, range(50)))
    assert line.end() == (1006, "")
    assert line.stream.dropped == 0
    assert "does not read" in caplog.text
    with pytest.raises((EOFError, ConnectionResetError)):
        line.texts(50)


def test_replies_push_out_events_before_they_end_the_connection(on, make):
    """Only what may be dropped is dropped, wherever it stands in the line."""
    line = make(limits=Limits(outbox_messages=12))
    line.write(*map(large, range(8)))
    line.write(*[Droppable(text(f"event {number}")) for number in range(12)])
    line.write(text("first reply"), text("second reply"))
    dropped = on.run(lambda: line.stream.dropped)
    heard = line.texts(22 - dropped)
    assert [int(payload[:NUMBER]) for payload in heard[:8]] == list(range(8))
    assert heard[8:-2] == [b"event %d" % number for number in range(dropped, 12)]
    assert heard[-2:] == [b"first reply", b"second reply"]
    assert dropped > 0


def test_a_stalled_receiver_delays_nobody(make):
    """Its backlog waits; others get theirs at once."""
    stalled, reading = make(), make(tcp=True)
    stalled.write(*map(large, range(100)))
    for number in range(10):
        reading.write(text(str(number)))
        stalled.write(text("one more"))
    assert reading.texts(10) == [str(number).encode() for number in range(10)]
    assert reading.sends == 10


def test_event_that_is_larger_than_all_that_may_wait_is_dropped(on, make):
    """Alone; the receiver, who reads, gets what comes before and after."""
    line = make(limits=Limits(outbox_bytes=300_000))
    line.write(text("before"), Droppable(text(b"x" * 400_000)))
    on.run(lambda: True)
    line.write(text("after"))
    assert line.texts(2) == [b"before", b"after"]
    assert on.run(lambda: line.stream.dropped) == 1
