"""What silence of a peer leads to, by a clock of the test's own."""

from __future__ import annotations

import pytest

from wsocket.core.websocket.silence import NextStep, Silence


@pytest.fixture
def silence() -> Silence:
    """Pinged after 20 seconds, dropped 5 seconds later; it begins at 100."""
    return Silence(patience=20.0, ping_timeout=5.0, now=100.0)


def test_a_silent_peer_is_pinged_once(silence):
    """After the seconds of patience, and not again while it may still answer."""
    assert silence.judge(119.9) is NextStep.WAIT
    assert silence.pinged_at is None
    assert silence.judge(120.0) is NextStep.PING
    assert silence.pinged_at == 120.0
    assert silence.judge(124.9) is NextStep.WAIT


def test_a_peer_that_does_not_answer_a_ping_is_dropped(silence):
    """When the time for its answer is over."""
    assert silence.judge(130.0) is NextStep.PING
    assert silence.judge(135.0) is NextStep.DROP


def test_a_peer_that_is_heard_has_as_much_time_as_at_first(silence):
    """Whether or not it was pinged before."""
    silence.end(110.0)
    assert silence.judge(129.9) is NextStep.WAIT
    assert silence.judge(130.0) is NextStep.PING
    silence.end(134.0)
    assert silence.pinged_at is None
    assert silence.judge(153.9) is NextStep.WAIT
    assert silence.judge(154.0) is NextStep.PING


def test_without_patience_nobody_is_pinged():
    """However long the peer is silent."""
    silence = Silence(patience=0.0, ping_timeout=5.0, now=0.0)
    assert silence.judge(1e9) is NextStep.WAIT
