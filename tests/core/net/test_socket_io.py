"""Reading and writing for the loop, in Python and as it is installed: in C, if it was
compiled.
"""

from __future__ import annotations

import signal
import socket
import struct
import sys
import threading
import time

import pytest

from tests.core.worlds import tcp_pair
from tests.pure import in_python
from wsocket.core.net import socket_io as installed

python = in_python(installed, without="wsocket.core.net._socket_io")
assert python.receive is not installed.receive

both = pytest.mark.parametrize("io", [python, installed], ids=["python", "installed"])


@pytest.fixture
def pair():
    """Our socket, which never blocks, and the peer's."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@both
def test_what_has_come_is_received(io, pair):
    """As it came, and no more than 64 KiB of it; None when there is nothing."""
    ours, theirs = pair
    assert io.receive(ours) is None
    theirs.sendall(b"some\0thing")
    assert io.receive(ours) == b"some\0thing"
    assert io.receive(ours) is None
    theirs.sendall(b"x" * 65536 + b"more")
    assert io.receive(ours) == b"x" * io.READ_SIZE
    assert io.receive(ours) == b"more"


@both
def test_the_end_of_the_stream_is_no_bytes(io, pair):
    """After what came before it."""
    ours, theirs = pair
    theirs.sendall(b"last")
    theirs.shutdown(socket.SHUT_WR)
    assert io.receive(ours) == b"last"
    assert io.receive(ours) == b""


@both
@pytest.mark.parametrize("kind", [bytes, memoryview])
def test_what_is_sent_arrives(io, pair, kind):
    """The kernel says how much of it."""
    ours, theirs = pair
    assert io.send(ours, kind(b"some\0thing")) == 10
    assert io.send(ours, kind(b"")) == 0
    assert theirs.recv(100) == b"some\0thing"


@both
def test_the_kernel_takes_a_part_and_then_nothing(io, pair):
    """That is no error: there is more room when the peer has read."""
    ours, theirs = pair
    data = bytes(range(256)) * 2**13
    sent = io.send(ours, data)
    assert 0 < sent < len(data)
    while more := io.send(ours, memoryview(data)[sent:]):
        sent += more
    assert io.send(ours, b"x") == 0
    assert theirs.recv(sent, socket.MSG_WAITALL) == data[:sent]
    assert io.send(ours, b"x") == 1


@both
def test_a_reset_connection_is_an_error(io):
    """For who reads and who writes."""
    ours, theirs = tcp_pair()
    ours.setblocking(False)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    with ours:
        with pytest.raises(ConnectionResetError):
            io.receive(ours)
        with pytest.raises(BrokenPipeError):
            io.send(ours, b"x")


@both
def test_a_closed_socket_is_an_error(io, pair):
    """It is not somebody else's who has its descriptor now."""
    ours, _ = pair
    ours.close()
    with socket.socket():
        for call in (lambda: io.receive(ours), lambda: io.send(ours, b"x")):
            with pytest.raises(OSError, match="Bad file descriptor"):
                call()


@both
def test_what_is_no_socket_and_no_bytes_is_a_type_error(io, pair):
    """Nothing is read or sent."""
    ours, theirs = pair
    theirs.sendall(b"there")
    calls = (
        lambda: io.send(ours, "text"),
        lambda: io.send(ours, None),
        lambda: io.send(ours),
        lambda: io.receive(),
    )
    for call in calls:
        with pytest.raises(TypeError):
            call()
    assert io.receive(ours) == b"there"


def test_a_broken_connection_raises_no_signal(pair):
    """A server that does not ignore SIGPIPE, as Python does, survives it."""
    ours, theirs = pair
    theirs.close()
    heard = []
    before = signal.signal(signal.SIGPIPE, lambda *_: heard.append(True))
    try:
        with pytest.raises(BrokenPipeError):
            installed.send(ours, b"x")
    finally:
        signal.signal(signal.SIGPIPE, before)
    assert not heard


@pytest.mark.slow(reason="watches a thread for a while")
def test_no_other_thread_takes_the_interpreter_in_between(pair):
    """One that computes would keep it for a whole turn, each time."""
    ours, theirs = pair
    theirs.setblocking(False)
    turn = 2.0  # seconds
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            pass

    before = sys.getswitchinterval()
    computing = threading.Thread(target=compute)
    sys.setswitchinterval(turn)
    try:
        computing.start()
        time.sleep(0.01)  # its turn begins now at the latest
        begin = time.monotonic()
        for _ in range(2000):
            installed.send(ours, b"x")
            installed.receive(theirs)
        took = time.monotonic() - begin
    finally:
        sys.setswitchinterval(before)
        stop.set()
        computing.join()
    assert took < turn
