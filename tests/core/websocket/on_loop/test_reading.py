"""What a receiver gets of what the peer sends."""

from __future__ import annotations

import pytest

from tests.core.wire import CLOSE, PING, PONG, TEXT, client_frame


def test_messages_reach_the_receiver(line):
    """Text as str, binary as bytes, a ping is answered."""
    line.peer.send(TEXT, "é".encode())
    line.peer.send(2, b"\xff")
    line.peer.send(PING, b"there?")
    assert line.peer.frame()[:2] == (PONG, b"there?")
    assert line.receiver.messages == ["é", b"\xff"]


def test_bytes_read_ahead_come_first(make):
    """What the server had read after the request is not lost."""
    whole = client_frame(TEXT, b"first") + client_frame(TEXT, b"second")
    line = make(read_ahead=whole[:-3])
    line.peer.sock.sendall(whole[-3:] + client_frame(PING))
    assert line.peer.frame().opcode == PONG
    assert line.receiver.messages == ["first", "second"]


def test_a_receiver_that_fails_loses_only_its_connection(make, caplog):
    """Close 1011 for its peer, the exception for the log, nothing for the others."""

    def fail(message) -> None:
        raise KeyError("oops")

    broken, sound = make(react=fail), make()
    broken.peer.send(TEXT, b"bang")
    assert broken.peer.frame()[:2] == (
        CLOSE,
        (1011).to_bytes(2, "big") + b"internal error",
    )
    sound.peer.send(PING)
    assert sound.peer.frame().opcode == PONG
    assert "oops" in caplog.text


def test_a_receiver_that_fails_at_the_end_is_logged(on, make, caplog):
    """The loop goes on."""
    line = make()

    def fail(code: int, reason: str) -> None:
        raise KeyError("oops")

    line.receiver.lost = fail
    on.run(line.stream.drop)
    assert on.run(lambda: "alive") == "alive"
    assert "oops" in caplog.text


@pytest.mark.slow(reason="waits for the deadline of a close")
@pytest.mark.parametrize("how", ["drop", "close"])
def test_nothing_is_received_after_we_end_the_connection(make, how):
    """Not even what came in the same segment."""
    line = make(react=lambda message: getattr(line.stream, how)())
    line.peer.sock.sendall(client_frame(TEXT, b"one") + client_frame(TEXT, b"two"))
    line.end()
    assert line.receiver.messages == ["one"]
