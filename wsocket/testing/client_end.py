"""What comes from the application over one connection, kept for the test."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Generic, TypeVar

from wsocket.core.checks import check_seconds
from wsocket.core.net.loop import READABLE, Watcher
from wsocket.core.net.socket_io import receive
from wsocket.testing.conversation import Conversation, ConversationFailure, bounded
from wsocket.testing.world import TestedWorld

_MessageT = TypeVar("_MessageT")
_SelfT = TypeVar("_SelfT", bound="ClientEnd[Any]")


class ClientEnd(Generic[_MessageT]):
    """One end of a connection to the application. It is read on the loop.

    Args:
        sock: A connected socket, after the head of the answer; it is closed with this.
        name: What the conversation calls it.
        timeout: Real seconds that it waits for the application.
    """

    def __init__(
        self,
        world: TestedWorld,
        sock: socket.socket,
        *,
        name: str,
        conversation: Conversation,
        timeout: float,
    ) -> None:
        self._world = world
        self._sock = sock
        self._name = name
        self._timeout = timeout
        self._conversation = conversation
        self._changed = threading.Condition()
        self._inbox: deque[_MessageT] = deque()
        self._over = False
        self._watcher: Watcher | None = None
        sock.setblocking(False)
        world.run(self._watch)

    # For subclasses

    def _fed(self, data: bytes) -> None:
        """Bytes have come; on the loop."""
        raise NotImplementedError

    def _ended(self) -> Exception:
        """What is raised if nothing comes any more, and a message was wanted."""
        raise NotImplementedError

    def _shown(self, message: _MessageT) -> str:
        """What the conversation shows of *message*."""
        raise NotImplementedError

    def _takes(self, message: _MessageT) -> bool:
        """Whether *message* is dealt with at once, and not kept; on the loop."""
        return False

    # For tests

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
            check_seconds("within", within, least=0)
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
            raise self._ended()
        return found[0]

    def _wait(
        self, condition: Callable[[], bool], what: str, timeout: float | None
    ) -> None:
        seconds = self._timeout if timeout is None else timeout
        check_seconds("timeout", seconds, least=0)
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

    def _running(self) -> str:
        places = self._world.concurrency.who_works()
        return "".join(f"\n  runs: {place}" for place in places)

    def _wait_for_the_end(self, timeout: float | None) -> None:
        """Wait until the connection is over; there must be no message before."""
        self._wait(lambda: self._over or bool(self._inbox), "the end", timeout)
        if self._inbox:
            raise self._failure(
                f"{self._name} expected the end, and got {self._first()}"
            )

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
        self._fed(data)

    def _arrived(self, message: _MessageT) -> None:
        self._conversation.received(self._name, self._shown(message))
        if self._takes(message):
            return
        with self._changed:
            self._inbox.append(message)
            self._changed.notify_all()

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
