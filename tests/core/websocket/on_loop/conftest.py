"""Websockets on a loop, and the peers on their other ends."""

from __future__ import annotations

import socket
import struct
import time

import pytest

from tests.core.wire import TEXT
from tests.core.worlds import LOOP_WORLDS, SECONDS, LoopWorld, Peer, tcp_pair
from wsocket.core.net.limits import Limits
from wsocket.core.net.memory import Memory
from wsocket.core.websocket.frames import encode_frame
from wsocket.core.websocket.on_loop import WebSocketStream
from wsocket.core.websocket.protocol import WebSocketProtocol

LARGE = 50_000  # bytes of a payload; a few of them fill the kernel's buffer
NUMBER = 8  # bytes at the beginning of a large payload that tell it apart


# Where Linux's struct tcp_info has tcpi_data_segs_out.
DATA_SEGMENTS_SENT = 156


class Recorder:
    """A receiver that keeps what it gets; *react* is called with every message."""

    def __init__(self, world, react=None) -> None:
        self.messages = []
        self.ends = []
        self.ended = world.event()
        self._react = react

    def message_received(self, message) -> None:
        self.messages.append(message)
        if self._react is not None:
            self._react(message)

    def lost(self, code: int, reason: str) -> None:
        self.ends.append((code, reason))
        self.ended.set()


class Line:
    """A websocket on the loop and its peer; over TCP, sends can be counted."""

    def __init__(
        self,
        on: LoopWorld,
        *,
        limits=None,
        memory=None,
        throttle=None,
        react=None,
        read_ahead=b"",
        on_end=None,
        tcp=False,
        deflate=None,
    ) -> None:
        self.on = on
        self.sock, theirs = tcp_pair() if tcp else socket.socketpair()
        self.peer = Peer(on.world.socket_class(fileno=theirs.detach()))
        self.receiver = Recorder(on.world, react)
        protocol = WebSocketProtocol(max_message_size=2**20, deflate=deflate)
        limits = limits or Limits()
        self.stream = WebSocketStream(
            on.loop,
            self.sock,
            protocol,
            limits=limits,
            memory=memory or Memory(on.loop, limits.memory),
            throttle=throttle,
            on_end=on_end,
        )
        on.run(self.stream.open, self.receiver, read_ahead)

    def write(self, *frames: bytes) -> None:
        """Write *frames* in one turn of the loop, and wait until the turn is over."""
        self.on.run(lambda: [self.stream.write(frame) for frame in frames])
        self.on.run(lambda: True)

    @property
    def sends(self) -> int:
        """How many small sends there were, by the kernel's count."""
        size = DATA_SEGMENTS_SENT + 4
        info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
        (sent,) = struct.unpack_from("=I", info, DATA_SEGMENTS_SENT)
        return sent

    def end(self) -> tuple[int, str]:
        """What the receiver was told at the end of the connection."""
        assert self.receiver.ended.wait(SECONDS)
        assert len(self.receiver.ends) == 1
        return self.receiver.ends[0]

    def wait_until_closed(self) -> None:
        """The receiver may be told before the TCP connection is over."""
        deadline = time.monotonic() + SECONDS
        while self.on.run(self.sock.fileno) != -1:
            assert time.monotonic() < deadline

    def texts(self, number: int) -> list[bytes]:
        """The payloads of that many frames."""
        return [self.peer.frame().payload for _ in range(number)]


def text(payload: bytes | str) -> bytes:
    return encode_frame(
        TEXT, payload if isinstance(payload, bytes) else payload.encode()
    )


def large(number: int) -> bytes:
    return text(b"%08d" % number + bytes(LARGE))


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def on(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


@pytest.fixture
def make(on):
    lines = []

    def make_one(**how) -> Line:
        lines.append(Line(on, **how))
        return lines[-1]

    yield make_one
    for line in lines:
        on.run(line.stream.drop)
        line.peer.close()


@pytest.fixture
def line(make) -> Line:
    return make()
