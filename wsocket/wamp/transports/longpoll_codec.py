"""The bodies of long-poll requests and of their answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from wsocket.core.net.outbox import Outbox
from wsocket.wamp.serializers.base import Serializer
from wsocket.wamp.serializers.batching import Batching, Messages
from wsocket.wamp.transports.frame_codec import FrameCodec


class Reply(NamedTuple):
    """The answer to a request."""

    status: str
    body: bytes = b""
    media_type: str = ""


# autobahn.js takes only 200 and 204 for success. The specification says 202, which is a
# failure there.
NOTHING = Reply("204 No Content")


class Packing(Protocol):
    """How messages are put into a body.

    Attributes:
        size: A body that has this many bytes of messages gets no further one.
    """

    size: int

    def join(self, messages: Iterable[bytes]) -> bytes:
        """The body with these messages, one at least."""

    def split(self, body: Any) -> Messages:
        """The messages of a body."""


class OneByOne:
    """One message in each body, for the protocols that are not batched."""

    size = 0

    def join(self, messages: Iterable[bytes]) -> bytes:
        """See `Packing.join`."""
        return b"".join(messages)

    def split(self, body: Any) -> list[Any]:
        """See `Packing.split`."""
        return [body]


class Batches:
    """All waiting messages in one body, for the protocols that are batched."""

    size = 65536

    def __init__(self, batching: Batching) -> None:
        self.join = batching.join
        self.split = batching.split


class LongPollCodec(FrameCodec):
    """Makes and reads the bodies of one protocol, for all its sessions."""

    def __init__(self, serializer: Serializer, packing: Packing, *, most: int) -> None:
        # The packing makes bodies of these.
        super().__init__(serializer, bytes, most=most)
        self.packing = packing
        kind = "octet-stream" if serializer.binary else "json"
        self._media_type = f"application/{kind}"

    def decode(self, body: bytes) -> Messages:
        """The messages in the body of a request, for the serializer.

        Raises:
            UnicodeDecodeError: It is not UTF-8, and must be.
            BatchError: It is not a valid batch.
        """
        return self.packing.split(body if self.serializer.binary else body.decode())

    def reply(self, backlog: Outbox) -> Reply:
        """The answer with the first messages of *backlog*, which are taken from it."""
        messages = map(bytes, backlog.take(self.packing.size))
        return Reply("200 OK", self.packing.join(messages), self._media_type)
