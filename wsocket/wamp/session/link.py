"""What a session needs of its transport."""

from __future__ import annotations

from typing import Any, Protocol

from wsocket.core.budget import Budget
from wsocket.wamp.serializers.base import Payload, Serializer


class Codec(Protocol):
    """Makes the frames of one kind of link; shared by all sessions of that kind."""

    @property
    def serializer(self) -> Serializer:
        """The serializer of payloads that need no conversion."""

    def encode(self, head: list[Any], payload: Payload | None) -> Any:
        """Make the frame of a message that must arrive.

        Raises:
            PayloadError: The payload cannot be written.
            PayloadSizeExceeded: The message is too large for the receiver.
        """

    def encode_event(self, head: list[Any], payload: Payload) -> Any:
        """Make the frame of an EVENT, which a slow receiver may lose.

        Raises:
            PayloadError: The payload cannot be written, or is too large.
        """


class Link(Protocol):
    """The session's end of a transport."""

    @property
    def transport(self) -> str:
        """What the meta API calls transports of this kind, such as ``"websocket"``."""

    @property
    def codec(self) -> Codec:
        """Makes the frames of this link."""

    @property
    def budget(self) -> Budget:
        """What may be kept because of the session."""

    def write(self, frame: Any) -> None:
        """Queue a frame that `codec` made."""

    def unread(self, request: int) -> int:
        """How many bytes wait for a client that does not read.

        Args:
            request: Count only answers to this request, where that is possible.
        """

    def close(self) -> None:
        """End the transport after what is queued."""

    def abort(self) -> None:
        """End the transport after what is queued, because of a fault of the peer."""
