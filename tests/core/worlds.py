"""Both ways to run blocking code, and a peer on the other end of a socket pair."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import gevent.event
import gevent.socket

from tests.core.wire import Frame, client_frame
from tests.patience import SECONDS
from wsocket.core.concurrency.kinds import GREENLETS, THREADS, Concurrency
from wsocket.core.net.loop import Loop


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection that sends each write at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ours, theirs


class Peer:
    """A client that reads and writes frames."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(SECONDS)
        self.sock = sock

    def send(self, opcode: int, payload: bytes = b"", **how: Any) -> None:
        self.sock.sendall(client_frame(opcode, payload, **how))

    def frame(self) -> Frame:
        """The next frame."""
        first, size = self.exactly(2)
        if size > 125:
            size = int.from_bytes(self.exactly(2 if size == 126 else 8), "big")
        fin, rsv1 = bool(first & 0x80), bool(first & 0x40)
        return Frame(first & 0x0F, self.exactly(size), fin, rsv1)

    def exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise EOFError(data)
            data += part
        return data

    def ended(self) -> bool:
        """Whether the connection is over and nothing else had come."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.sock.close()


class Task:
    """A function that runs in a thread or greenlet of its own."""

    def __init__(
        self, world: World, function: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        self.done = world.event()
        self._outcome: list[Any] = []
        self._error: Exception | None = None
        world.concurrency.spawn(self._run, function, args)

    def _run(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            self._outcome.append(function(*args))
        except Exception as error:
            self._error = error
        self.done.set()

    def result(self) -> Any:
        """What the function returned or raised."""
        assert self.done.wait(SECONDS), "it never ended"
        if self._error is not None:
            raise self._error
        return self._outcome[0]


class World:
    """Threads or greenlets, with sockets to match."""

    def __init__(self, concurrency: Concurrency) -> None:
        self.concurrency = concurrency
        self._greenlets = concurrency is GREENLETS
        self.socket_class: type[socket.socket] = (
            gevent.socket.socket if self._greenlets else socket.socket
        )

    def event(self) -> Any:
        return gevent.event.Event() if self._greenlets else threading.Event()

    def start(self, function: Callable[..., Any], *args: Any) -> Task:
        return Task(self, function, args)

    def pair(self, *, send_timeout: float = 30.0) -> tuple[socket.socket, Peer]:
        """Our socket and the peer on its other end."""
        ours, theirs = socket.socketpair()
        peer = self.socket_class(fileno=theirs.detach())
        return self.concurrency.adopt(
            ours.detach(), patience=20.0, send_timeout=send_timeout
        ), Peer(peer)


class LoopWorld:
    """A loop, in a thread of its own or on the current hub, and who talks to it."""

    def __init__(self, *, current_hub: bool) -> None:
        self.world = WORLDS["greenlets" if current_hub else "threads"]
        if current_hub:
            self.loop = Loop(gevent.get_hub(), concurrency=GREENLETS)
        else:
            created: list[Loop] = []
            ready = threading.Event()
            threading.Thread(
                target=_run_hub, args=(created, ready), daemon=True
            ).start()
            assert ready.wait(SECONDS)
            self.loop = created[0]

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run a function on the loop and return its result."""
        done = self.world.event()
        outcome: list[Any] = []

        def call() -> None:
            try:
                outcome.append(function(*args))
            finally:
                done.set()

        self.loop.call_soon(call)
        assert done.wait(SECONDS), "the loop does not run"
        assert outcome, "the function failed, see the log"
        return outcome[0]


def _run_hub(created: list[Loop], ready: threading.Event) -> None:
    created.append(Loop(gevent.get_hub(), concurrency=THREADS))
    ready.set()
    while True:
        gevent.sleep(3600)


WORLDS = {each.name: World(each) for each in (THREADS, GREENLETS)}
LOOP_WORLDS = {"thread": False, "current hub": True}
