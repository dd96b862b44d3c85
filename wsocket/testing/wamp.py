"""WAMP messages as lists, over a websocket to the application."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from msgspec import Raw

from wsocket.testing.conversation import Conversation
from wsocket.testing.peer import Peer
from wsocket.testing.world import TestedWorld
from wsocket.wamp.serializers.base import Serializer
from wsocket.wamp.serializers.installed import SERIALIZERS

NAMES = {
    1: "HELLO",
    2: "WELCOME",
    3: "ABORT",
    4: "CHALLENGE",
    5: "AUTHENTICATE",
    6: "GOODBYE",
    8: "ERROR",
    16: "PUBLISH",
    17: "PUBLISHED",
    32: "SUBSCRIBE",
    33: "SUBSCRIBED",
    34: "UNSUBSCRIBE",
    35: "UNSUBSCRIBED",
    36: "EVENT",
    48: "CALL",
    49: "CANCEL",
    50: "RESULT",
    64: "REGISTER",
    65: "REGISTERED",
    66: "UNREGISTER",
    67: "UNREGISTERED",
    68: "INVOCATION",
    69: "INTERRUPT",
    70: "YIELD",
}
"""The codes of WAMP messages (Basic Profile, "Message Codes and Direction")."""

CODES = {name: code for code, name in NAMES.items()}


def serializer_named(name: str) -> Serializer:
    """The serializer with this name.

    Raises:
        ValueError: There is none, or its extra is not installed.
    """
    for serializer in SERIALIZERS:
        if serializer.name == name:
            return serializer
    known = ", ".join(each.name for each in SERIALIZERS)
    raise ValueError(f"no serializer is named {name!r}; there are {known}")


class ClientWamp(Peer[list[Any]]):
    """A websocket with a WAMP subprotocol: messages are lists, and nothing is checked.

    It sends whatever it is given, and answers nothing but pings.
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
        assert subprotocol is not None
        self._serializer = serializer_named(subprotocol.removeprefix("wamp.2."))
        super().__init__(
            world,
            sock,
            name=name,
            subprotocol=subprotocol,
            conversation=conversation,
            timeout=timeout,
        )

    def _encode(self, message: list[Any]) -> str | bytes:
        data = bytes(self._serializer.pack(message))
        return data if self._serializer.binary else data.decode()

    def _decode(self, data: str | bytes) -> list[Any]:
        raw = data.encode() if isinstance(data, str) else data
        message: list[Any] = self._serializer.unpack(Raw(raw))
        return message

    def _shown(self, message: list[Any]) -> str:
        code = message[0] if message else None
        name = NAMES.get(code, "?") if isinstance(code, int) else "?"
        return f"{name} {message!r}"

    def _await_kind(
        self,
        name: str,
        fits: Callable[[list[Any]], bool] = lambda message: True,
        timeout: float | None = None,
    ) -> list[Any]:
        """Take the first message of this kind that fits."""
        code = CODES[name]
        return self._await(
            lambda message: message[0] == code and fits(message), name, timeout
        )
