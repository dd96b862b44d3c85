"""A stream of server-sent events, which a test listens to."""

from __future__ import annotations

import socket
from email.message import Message

from wsocket.testing.chunked_answer import ChunkedAnswer
from wsocket.testing.client_end import ClientEnd
from wsocket.testing.conversation import Conversation
from wsocket.testing.server_sent import EventStream, ServerSentEvent
from wsocket.testing.world import TestedWorld


class ClientEvents(ClientEnd[ServerSentEvent]):
    """A stream of server-sent events; `Client.events` opens it.

    Leaving a ``with`` block ends it, as a browser does whose page is closed. Comments
    are in the conversation, and nowhere else.

    Attributes:
        headers: Those of the answer.
    """

    def __init__(
        self,
        world: TestedWorld,
        sock: socket.socket,
        *,
        name: str,
        headers: Message,
        conversation: Conversation,
        timeout: float,
    ) -> None:
        coding = headers.get("Transfer-Encoding", "").lower()
        self._chunks = ChunkedAnswer() if coding == "chunked" else None
        self._stream = EventStream()
        self.headers = headers
        super().__init__(
            world, sock, name=name, conversation=conversation, timeout=timeout
        )

    @property
    def retry(self) -> float | None:
        """Seconds after which a browser comes back; None if nobody has said."""
        return self._stream.retry

    def receive_end(self, timeout: float | None = None) -> None:
        """Wait until the application ends the stream.

        Raises:
            ConversationFailure: It stays open, or there are events that were not
                received.
        """
        self._wait_for_the_end(timeout)

    def _fed(self, data: bytes) -> None:
        chunks = self._chunks
        for each in self._stream.feed(data if chunks is None else chunks.feed(data)):
            if isinstance(each, ServerSentEvent):
                self._arrived(each)
            else:
                self._conversation.received(self._name, f"comment {each!r}")
        if chunks is not None and chunks.complete:
            self._end("the app ended the stream")

    def _ended(self) -> Exception:
        return self._failure(f"{self._name} has ended, and an event was expected")

    def _shown(self, message: ServerSentEvent) -> str:
        return f"event {message.name} {message.data!r}, id {message.id!r}"
