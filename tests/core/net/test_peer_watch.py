"""Noticing that a peer is gone, while somebody else owns the socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.patience import SECONDS
from wsocket.core.net.loop import get_loop
from wsocket.core.net.peer_watch import PeerWatch, is_gone


@pytest.fixture(params=["tcp", "unix"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, ...]]:
    """Two ends of a connection."""
    if request.param == "unix":
        ends: tuple[socket.socket, ...] = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            ends = listener.accept()[0], client
    with closing(ends[0]), closing(ends[1]):
        yield ends


@pytest.mark.parametrize("sent", [b"", b"unread"])
@pytest.mark.parametrize("how", ["close", "shutdown"])
def test_peer_that_closes_is_gone(pair, sent, how):
    """Also if there are bytes that nobody has read yet."""
    ours, peer = pair
    peer.sendall(sent)
    assert not is_gone(ours.fileno())
    peer.close() if how == "close" else peer.shutdown(socket.SHUT_WR)
    deadline = threading.Event()
    while not is_gone(ours.fileno()):
        assert not deadline.wait(0.01)
    assert ours.recv(100) == sent


@pytest.mark.parametrize("sent", [b"", b"unread"])
def test_watch_calls_back_once(pair, sent):
    """Whatever the peer has sent before."""
    ours, peer = pair
    peer.sendall(sent)
    loop, gone = get_loop(), threading.Semaphore(0)
    watches: list[PeerWatch] = []
    loop.call_soon(lambda: watches.append(PeerWatch(loop, ours.fileno(), gone.release)))
    assert not gone.acquire(timeout=0.05)
    peer.close()
    assert gone.acquire(timeout=SECONDS)
    assert not gone.acquire(timeout=0.05)
    loop.call_soon(lambda: watches[0].close())


def test_closed_watch_is_silent(pair):
    """What was closed after it is nobody's business."""
    ours, peer = pair
    loop, gone, closed = get_loop(), threading.Event(), threading.Event()

    def watch() -> None:
        PeerWatch(loop, ours.fileno(), gone.set).close()
        closed.set()

    loop.call_soon(watch)
    assert closed.wait(SECONDS)
    peer.close()
    assert not gone.wait(0.05)
