"""A websocket of the test: what comes is read on the loop, and kept for the test."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from wsocket.core.net.loop import READABLE, Watcher
from wsocket.core.net.socket_io import receive
from wsocket.core.websocket.client_frames import ServerFrame
from wsocket.core.websocket.frames import (
    ABNORMAL_CLOSURE,
    BINARY,
    CLOSE,
    NO_STATUS_RECEIVED,
    NORMAL_CLOSURE,
    PING,
    PONG,
    TEXT,
)
from wsocket.core.websocket.masked_frames import masked_frame
from wsocket.errors import WebSocketClosed
from wsocket.testing.conversation import Conversation, ConversationFailure, bounded
from wsocket.testing.frames import WholeFrames
from wsocket.testing.world import TestedWorld

_MessageT = TypeVar("_MessageT")
_SelfT = TypeVar("_SelfT", bound="Peer[Any]")

# Real seconds that a handler gets to notice that its websocket is closed.
_ANSWERING: Final = 0.2


class Peer(Generic[_MessageT]):
    """A websocket to the application. Leaving a ``with`` block closes it.

    Args:
        sock: A connected socket, after the handshake; it is closed with the peer.
        name: What the conversation calls it.
        timeout: Real seconds that it waits for the application.

    Attributes:
        subprotocol: What was agreed on, or None.
        answers_pings: Whether the peer gives signs of life; set it to False to be a
            client whose network is cut.
    """

    def __init__(
        self,
        world: TestedWorld,
        sock: socket.socket,
        *,
        name: str,
        subprotocol: str | None,
        conversation: Conversation,
        timeout: float,
    ) -> None:
        self._world = world
        self._sock = sock
        self._name = name
        self._timeout = timeout
        self._conversation = conversation
        self._frames = WholeFrames()
        self._changed = threading.Condition()
        self._inbox: deque[_MessageT] = deque()
        self._close: tuple[int, str] | None = None  # what the application has sent
        self._close_sent = False
        self._over = False
        self._watcher: Watcher | None = None
        self.subprotocol = subprotocol
        self.answers_pings = True
        sock.setblocking(False)
        world.run(self._watch)

    # For subclasses

    def _encode(self, message: _MessageT) -> str | bytes:
        """The websocket message for *message*."""
        raise NotImplementedError

    def _decode(self, data: str | bytes) -> _MessageT:
        """The opposite."""
        raise NotImplementedError

    def _shown(self, message: _MessageT) -> str:
        """What the conversation shows of *message*."""
        raise NotImplementedError

    def _takes(self, message: _MessageT) -> bool:
        """Whether *message* is dealt with at once, and not kept; on the loop."""
        return False

    # For tests

    def send(self, message: _MessageT) -> None:
        """Send a message.

        Raises:
            WebSocketClosed: The websocket is closed.
        """
        data = self._encode(message)
        self._conversation.sent(self._name, self._shown(message))
        if isinstance(data, str):
            self._write(TEXT, data.encode())
        else:
            self._write(BINARY, data)

    def ping(self, payload: bytes = b"") -> None:
        """Send a ping (RFC 6455 section 5.5.2)."""
        self._conversation.sent(self._name, f"ping {payload!r}")
        self._write(PING, payload)

    def receive(self, timeout: float | None = None) -> _MessageT:
        """The next message.

        Args:
            timeout: Real seconds to wait; by default those of the client.

        Raises:
            ConversationFailure: None came.
            WebSocketClosed: The websocket is closed, and every message was received.
        """
        return self._await(lambda message: True, "a message", timeout)

    def receives_nothing(self, within: float | None = None) -> None:
        """Check that the application has nothing more to say.

        Does not wait for time to pass: it waits until the application is idle.

        Args:
            within: Wait for so many real seconds instead: for an application whose own
                threads send, or whose handlers wait for something else than sockets.

        Raises:
            ConversationFailure: Something came; or nobody can know, because code of the
                application does not end.
        """
        if within is not None:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._inbox), within)
        elif not self._world.settle(self._timeout):
            raise self._failure(
                f"{self._name} cannot know whether something comes: after "
                f"{self._timeout} seconds code of the application still runs"
                f"{self._running()}; let it end, or say receives_nothing(within=...)"
            )
        with self._changed:
            kept = list(self._inbox)
        if kept:
            shown = bounded(self._shown(kept[0]))
            others = f" and {len(kept) - 1} more" if kept[1:] else ""
            raise self._failure(
                f"{self._name} expected nothing, and got {shown}{others}"
            )

    def receive_close(self, timeout: float | None = None) -> tuple[int, str]:
        """Wait until the application closes the websocket.

        Returns:
            Its close code and its reason (RFC 6455 section 7.1.5 and 7.1.6); 1006 for a
            connection that ended without a Close frame.

        Raises:
            ConversationFailure: It stays open, or there are messages that were not
                received.
        """
        self._wait(lambda: self._over or bool(self._inbox), "the end", timeout)
        with self._changed:
            kept = list(self._inbox)
        if kept:
            shown = bounded(self._shown(kept[0]))
            raise self._failure(f"{self._name} expected the end, and got {shown}")
        return self._close or (ABNORMAL_CLOSURE, "")

    def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the websocket, and wait until it is; later calls do nothing.

        Messages that come meanwhile can still be received.
        """
        if not (self._over or self._close_sent):
            self._send_close(code, reason)
        self._wait(lambda: self._over, "the end of the websocket", None)

    def drop(self) -> None:
        """End the connection without a word, as when the network is cut."""
        self._world.run(partial(self._end, "dropped"))

    @property
    def closed(self) -> bool:
        """Whether the connection is over."""
        return self._over

    def __enter__(self: _SelfT) -> _SelfT:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None and not (self._over or self._close_sent):
            self._send_close(NORMAL_CLOSURE, "")
            self._world.settle(_ANSWERING)
        self.drop()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"

    # Waiting; in the test's thread

    def _await(
        self, fits: Callable[[_MessageT], bool], what: str, timeout: float | None
    ) -> _MessageT:
        """Take the first message that fits; the others stay."""
        found: list[_MessageT] = []

        def take() -> bool:
            for message in self._inbox:
                if fits(message):
                    found.append(message)
                    self._inbox.remove(message)
                    return True
            return self._over

        self._wait(take, what, timeout)
        if not found:
            self._conversation.note(f"{self._name} is closed, and wanted {what}")
            raise self._closed_error()
        return found[0]

    def _wait(
        self, condition: Callable[[], bool], what: str, timeout: float | None
    ) -> None:
        seconds = self._timeout if timeout is None else timeout
        with self._changed:
            if self._changed.wait_for(condition, seconds):
                return
            other = f"; it has got {self._first()}" if self._inbox else ""
        raise self._failure(
            f"{self._name} waited {seconds} seconds for {what}{other}{self._running()}"
        )

    def _first(self) -> str:
        return bounded(self._shown(self._inbox[0]))

    def _failure(self, problem: str) -> ConversationFailure:
        return self._conversation.failure(problem)

    def _closed_error(self) -> WebSocketClosed:
        error = WebSocketClosed(*(self._close or (ABNORMAL_CLOSURE, "")))
        return self._conversation.explained(error)

    def _running(self) -> str:
        places = self._world.concurrency.who_works()
        return "".join(f"\n  runs: {place}" for place in places)

    def _write(self, opcode: int, payload: bytes) -> None:
        """Send a frame; wait while the application does not read."""
        if self._over or self._close_sent:
            raise self._closed_error()
        data = memoryview(masked_frame(opcode, payload, os.urandom(4)))
        self._world.activity.bytes += len(data)
        try:
            while data:
                data = data[self._send_some(data) :]
        except TimeoutError:
            raise self._failure(f"the application does not read {self._name}") from None
        except OSError:
            raise self._closed_error() from None

    def _send_some(self, data: memoryview) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            poll = self._world.concurrency.poll()
            poll.register(self._sock.fileno(), select.POLLOUT)
            if not poll.poll(int(self._timeout * 1000)):
                raise TimeoutError from None
            return 0

    def _send_close(self, code: int, reason: str) -> None:
        self._conversation.sent(self._name, f"close {code} {reason}".rstrip())
        self._write(CLOSE, code.to_bytes(2, "big") + reason.encode())
        self._close_sent = True

    # Reading; on the loop

    def _watch(self) -> None:
        descriptor = self._sock.fileno()
        self._watcher = self._world.loop.watch(descriptor, READABLE, self._readable)

    def _readable(self) -> None:
        try:
            data = receive(self._sock)
        except OSError:
            data = b""
        if data is None:
            return
        if not data:
            self._end("the app ended the connection")
            return
        self._world.activity.bytes += len(data)
        for frame in self._frames.feed(data):
            self._handle(frame)

    def _handle(self, frame: ServerFrame) -> None:
        opcode, payload = frame.opcode, frame.payload
        if opcode in (TEXT, BINARY):
            self._arrived(payload.decode() if opcode == TEXT else payload)
        elif opcode == CLOSE:
            self._closed_by(payload)
        else:
            kind = "ping" if opcode == PING else "pong"
            self._conversation.received(self._name, f"{kind} {payload!r}")
            if opcode == PING and self.answers_pings:
                self._reply(PONG, payload)

    def _arrived(self, data: str | bytes) -> None:
        message = self._decode(data)
        self._conversation.received(self._name, self._shown(message))
        if self._takes(message):
            return
        with self._changed:
            self._inbox.append(message)
            self._changed.notify_all()

    def _closed_by(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if payload else NO_STATUS_RECEIVED
        reason = payload[2:].decode("utf-8", "replace")
        self._conversation.received(self._name, f"close {code} {reason}".rstrip())
        self._close = code, reason
        if not self._close_sent:
            self._close_sent = True
            self._reply(CLOSE, payload)

    def _reply(self, opcode: int, payload: bytes) -> None:
        """Answer a control frame, if the kernel takes it."""
        try:
            self._sock.send(masked_frame(opcode, payload, os.urandom(4)))
        except OSError as error:
            self._conversation.note(f"{self._name} could not answer: {error}")

    def _end(self, why: str) -> None:
        if self._watcher is None:
            return
        self._watcher.close()
        self._watcher = None
        self._sock.close()
        self._world.activity.bytes += 1
        self._conversation.note(f"{self._name}: {why}")
        with self._changed:
            self._over = True
            self._changed.notify_all()


class ClientWebSocket(Peer[str | bytes]):
    """A plain websocket to the application: text is str, binary is bytes."""

    def _encode(self, message: str | bytes) -> str | bytes:
        given: object = message
        if not isinstance(given, (str, bytes)):
            kind = type(given).__name__
            raise TypeError(f"message must be str or bytes, got {kind}")
        return given

    def _decode(self, data: str | bytes) -> str | bytes:
        return data

    def _shown(self, message: str | bytes) -> str:
        return repr(message)
