"""The body of a response that is a stream of events, in the server's thread."""

from __future__ import annotations

from collections.abc import Iterator

from wsocket.core.net.future import Future, ask
from wsocket.core.net.loop import Loop
from wsocket.wamp.bridge.stream_link import StreamLink


class EventBody:
    """Waits for events, and gives them to the server.

    Args:
        first: What is sent at once: until then nobody sees that the stream is open.
        client: The descriptor of the connection, if it is known.
    """

    def __init__(
        self, loop: Loop, link: StreamLink, *, first: bytes, client: int | None
    ) -> None:
        self._loop = loop
        self._link = link
        self._first = first
        self._client = client

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        first, self._first = self._first, b""
        if first:
            return first
        batch: bytes = ask(self._loop, self._poll)
        if not batch:
            raise StopIteration
        return batch

    def _poll(self, poll: Future[bytes]) -> None:
        self._link.poll(poll, self._client)

    def close(self) -> None:
        """The response is over; the server calls this."""
        self._loop.call_soon(self._link.drop)
