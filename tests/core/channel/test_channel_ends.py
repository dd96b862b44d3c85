"""Closing handshakes, broken connections, and what is told at the end."""

from __future__ import annotations

from tests.core.channel.conftest import large, text
from tests.core.wire import CLOSE
from wsocket.core.net.limits import Limits


def close_payload(code: int, reason: str = "") -> bytes:
    return code.to_bytes(2, "big") + reason.encode()


def test_the_peer_closes(line):
    """Its Close is answered after what was written before; its reason is passed on."""
    line.write(text("before"))
    line.peer.send(CLOSE, close_payload(4000, "done"))
    assert line.texts(1) == [b"before"]
    assert line.peer.frame()[:2] == (CLOSE, close_payload(4000))
    assert line.peer.ended()
    line.peer.close()
    assert line.end() == (4000, "done")
    line.wait_until_closed()


def test_we_close(on, line):
    """The peer's answer ends the connection with our code."""
    on.run(line.stream.close, 4001, "because")
    assert line.peer.frame()[:2] == (CLOSE, close_payload(4001, "because"))
    line.peer.send(CLOSE, close_payload(4001))
    assert line.peer.ended()
    line.peer.close()
    assert line.end()[0] == 4001


def test_nothing_follows_the_close_frame(on, line):
    """Whether we closed or the peer did, later writes are ignored."""

    def close() -> None:
        line.stream.write(text("before"))
        line.stream.close()
        line.stream.write(text("after"))

    on.run(close)
    line.write(text("much later"))
    assert line.texts(1) == [b"before"]
    assert line.peer.frame().opcode == CLOSE
    line.peer.send(CLOSE, close_payload(1000))
    line.write(text("too late"))
    assert line.peer.ended()


def test_nothing_follows_our_answer_to_a_close(on, line):
    """Also while the peer takes its time to end the TCP connection."""
    line.peer.send(CLOSE, close_payload(1000))
    assert line.peer.frame().opcode == CLOSE
    line.write(text("too late"))
    assert line.peer.ended()


def test_a_close_waits_behind_the_backlog(line):
    """The peer gets everything, then the Close, then the end."""
    line.write(*map(large, range(30)))
    line.peer.send(CLOSE, close_payload(1000))
    assert len(line.texts(30)) == 30
    assert line.peer.frame().opcode == CLOSE
    assert line.peer.ended()


def test_a_peer_that_never_answers_is_dropped(on, make):
    """After close_timeout."""
    line = make(limits=Limits(close_timeout=0.2))
    on.run(line.stream.close)
    assert line.end() == (1006, "")
    assert line.peer.frame().opcode == CLOSE
    assert line.peer.ended()


def test_a_peer_that_never_hangs_up_is_dropped(make):
    """It has closed, and keeps the TCP connection: not for ever."""
    line = make(limits=Limits(close_timeout=0.2))
    line.peer.send(CLOSE, close_payload(1000))
    assert line.end() == (1000, "")


def test_an_invalid_close_changes_nothing(on, line):
    """The caller gets ValueError, the connection goes on."""
    caught = []

    def close() -> None:
        try:
            line.stream.close(1005)
        except ValueError as error:
            caught.append(error)

    on.run(close)
    assert len(caught) == 1
    line.write(text("open"))
    assert line.texts(1) == [b"open"]


def test_a_vanished_peer_is_1006(line):
    """No Close frame, no reason; the descriptor is closed."""
    line.peer.close()
    assert line.end() == (1006, "")
    assert line.sock.fileno() == -1
    line.write(text("anybody?"))


def test_a_broken_protocol_is_told_to_both(line):
    """The peer gets a Close with the code, the receiver the same."""
    line.peer.sock.sendall(b"\x81\x05hello")
    frame = line.peer.frame()
    assert (frame.opcode, frame.payload[:2]) == (CLOSE, close_payload(1002))
    assert line.peer.ended()
    line.peer.close()
    assert line.end()[0] == 1002


def test_drop_ends_the_connection_without_a_close(on, line):
    """At once; twice is once."""
    on.run(line.stream.drop)
    on.run(line.stream.drop)
    assert line.end() == (1006, "")
    assert line.peer.ended()
