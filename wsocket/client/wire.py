"""Messages of a client, as bytes; options that have their default are left out."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from wsocket.errors import PayloadSizeExceeded
from wsocket.wamp.protocol.client_messages import Fields
from wsocket.wamp.serializers.base import Payload, Serializer


def given(options: Fields) -> dict[str, Any]:
    """The options that differ from their defaults."""
    kind = type(options)
    defaults = zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True)
    return {
        name: msgspec.to_builtins(value)
        for name, default in defaults
        if (value := getattr(options, name)) != default
    }


class Outgoing:
    """Messages that are to be sent, in order."""

    def __init__(self, serializer: Serializer) -> None:
        self._serializer = serializer
        self._max_size: int | None = None
        self._messages: deque[bytes] = deque()

    def begin(self, *, max_size: int | None) -> None:
        """There is a new connection, for which nothing waits.

        Args:
            max_size: The largest message that the router takes, in bytes; None: it has
                not said so.
        """
        self._max_size = max_size
        self._messages.clear()

    def send(self, head: list[Any], payload: Payload | None = None) -> None:
        """Add a message: everything before its payload, and the payload.

        Raises:
            PayloadSizeExceeded: The router does not take so large a message.
        """
        parts = [] if payload is None else payload.parts
        data = b"".join(self._serializer.pieces(head, parts))
        if self._max_size is not None and len(data) > self._max_size:
            raise PayloadSizeExceeded(
                f"the message has {len(data)} bytes, and the router takes "
                f"{self._max_size}"
            )
        self._messages.append(data)

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._messages

    def take(self) -> bytes | None:
        """The next message; None if there is none now."""
        return self._messages.popleft() if self._messages else None
