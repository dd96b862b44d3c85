"""Where the router's messages for one session go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.errors import PayloadSizeExceeded
from wsocket.log import logger
from wsocket.wamp.protocol.client_messages import ABORT, ERROR
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.link import Link
from wsocket.wamp.session.traffic import Traffic


class Recipient:
    """The end of a session that messages are sent to.

    Attributes:
        budget: What may be kept because of the session.
        codec: Makes the frames that `deliver` takes.
        deliver: Queues a frame. It is ``write`` of the link, to save a call.
        id: The session ID; 0 outside a realm.
        serializer: The serializer of its transport.
        unread: How many bytes wait for the client; see `Link.unread`.
    """

    __slots__ = (
        "_link",
        "_sent",
        "budget",
        "codec",
        "deliver",
        "id",
        "serializer",
        "unread",
    )

    def __init__(self, link: Link, traffic: Traffic) -> None:
        self._link = link
        self._sent = traffic.sent
        self.budget = link.budget
        self.codec = link.codec
        self.deliver: Callable[[Any], None] = link.write
        self.id = 0
        self.serializer = link.codec.serializer
        self.unread = link.unread

    @property
    def transport(self) -> str:
        """The kind of its transport; see `Link.transport`."""
        return self._link.transport

    def send(self, head: list[Any], payload: Payload | None = None) -> None:
        """Queue a message: *head*, then the payload.

        Raises:
            PayloadError: The payload cannot be written in this session's serializer, or
                the client takes no message of that size.
        """
        code: int = head[0]
        self._sent[code].number += 1
        try:
            frame = self.codec.encode(head, payload)
        except PayloadSizeExceeded as error:
            if payload is not None:
                raise
            # This message has no payload, and the session cannot do without it.
            logger.warning("session %d: its connection is closed: %s", self.id, error)
            abort = [ABORT, {"message": str(error)}, error.error]
            self.deliver(self.codec.encode(abort, None))
            self._link.close()
        else:
            self.deliver(frame)

    def send_error(
        self, request_type: int, request: int, error: str, explanation: str
    ) -> None:
        """Refuse a request of this session.

        The explanation is left out if the client takes no message of that size.
        """
        head = [ERROR, request_type, request, {}, error]
        try:
            self.send(head, Payload.of(self.serializer, [explanation]))
        except PayloadSizeExceeded:
            self.send(head)
