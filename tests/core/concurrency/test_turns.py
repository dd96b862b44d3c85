"""Greenlets that need not wait let others in."""

from __future__ import annotations

import time

import gevent

from wsocket.core.concurrency.turns import pace


def test_others_run_beside_a_greenlet_that_never_waits():
    """As one that reads what a peer sends without an end."""
    ended, turns = [], []

    def busy() -> None:
        while not ended:
            time.sleep(0.0005)  # it computes
            pace()

    def other() -> None:
        for number in range(5):
            turns.append(number)
            gevent.sleep(0.001)
        ended.append(True)

    gevent.joinall([gevent.spawn(busy), gevent.spawn(other)])
    assert turns == [0, 1, 2, 3, 4]


def test_many_busy_greenlets_share_one_slice():
    """With a hundred of them, others do not wait for a hundred slices."""
    ended, waits = [], []

    def busy() -> None:
        while not ended:
            time.sleep(0.0005)
            pace()

    def other() -> None:
        for _ in range(5):
            start = time.monotonic()
            gevent.sleep(0)
            gevent.sleep(0.001)
            waits.append(time.monotonic() - start)
        ended.append(True)

    greenlets = [gevent.spawn(busy) for _ in range(100)] + [gevent.spawn(other)]
    gevent.joinall(greenlets)
    assert len(waits) == 5
    # The first round lets each of them begin; a slice of each would be 200 ms.
    assert min(waits) < 0.1
