"""Tests of an application with wsocket: a client without a network, and a clock.

`docs/testing.md` is the guide. A name is imported when it is first used: pytest loads
this package wherever wsocket is installed (`wsocket.testing.plugin`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsocket.testing.calls import ClientCall, ReceivedEvent, ReceivedInvocation
    from wsocket.testing.client import Client
    from wsocket.testing.client_clock import ClientClock
    from wsocket.testing.conversation import Conversation, ConversationFailure
    from wsocket.testing.credentials import (
        Credentials,
        cryptosign,
        scram,
        ticket,
        wampcra,
    )
    from wsocket.testing.events import ClientEvents
    from wsocket.testing.http import HandshakeRefused, HttpAnswer, StreamRefused
    from wsocket.testing.peer import ClientWebSocket
    from wsocket.testing.server_sent import ServerSentEvent
    from wsocket.testing.session import ClientSession
    from wsocket.testing.wamp import ClientWamp

_HOMES = {
    "calls": ("ClientCall", "ReceivedEvent", "ReceivedInvocation"),
    "client": ("Client",),
    "client_clock": ("ClientClock",),
    "conversation": ("Conversation", "ConversationFailure"),
    "credentials": ("Credentials", "cryptosign", "scram", "ticket", "wampcra"),
    "events": ("ClientEvents",),
    "http": ("HandshakeRefused", "HttpAnswer", "StreamRefused"),
    "peer": ("ClientWebSocket",),
    "server_sent": ("ServerSentEvent",),
    "session": ("ClientSession",),
    "wamp": ("ClientWamp",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Client",
    "ClientCall",
    "ClientClock",
    "ClientEvents",
    "ClientSession",
    "ClientWamp",
    "ClientWebSocket",
    "Conversation",
    "ConversationFailure",
    "Credentials",
    "HandshakeRefused",
    "HttpAnswer",
    "ReceivedEvent",
    "ReceivedInvocation",
    "ServerSentEvent",
    "StreamRefused",
    "cryptosign",
    "scram",
    "ticket",
    "wampcra",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES[name]}")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
