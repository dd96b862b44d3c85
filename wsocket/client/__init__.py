"""WAMP clients: `connect` for threads and plain scripts, `connect_async` for asyncio;
and `HttpPublisher` for the HTTP bridge.

No part of the router is imported here, and asyncio when it is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wsocket.client.backoff import Backoff
from wsocket.client.connecting import connect
from wsocket.client.pending_call import PendingCall
from wsocket.client.records import Registration, Subscription
from wsocket.client.session import Session
from wsocket.client.states import ClientState, StateChange
from wsocket.errors import (
    ApplicationError,
    CallCanceled,
    CallTimeout,
    ConnectFailed,
    ConnectionLost,
    JoinRefused,
)
from wsocket.wamp.local.calling import CallDetails, CallResult, EventDetails

if TYPE_CHECKING:
    from wsocket.client.aio.connecting import connect_async
    from wsocket.client.aio.pending_call import AsyncPendingCall
    from wsocket.client.aio.session import AsyncSession
    from wsocket.client.http_publisher import HttpPublisher

__all__ = [
    "ApplicationError",
    "AsyncPendingCall",
    "AsyncSession",
    "Backoff",
    "CallCanceled",
    "CallDetails",
    "CallResult",
    "CallTimeout",
    "ClientState",
    "ConnectFailed",
    "ConnectionLost",
    "EventDetails",
    "HttpPublisher",
    "JoinRefused",
    "PendingCall",
    "Registration",
    "Session",
    "StateChange",
    "Subscription",
    "connect",
    "connect_async",
]

_LATER = {
    "AsyncPendingCall": "aio.pending_call",
    "AsyncSession": "aio.session",
    "HttpPublisher": "http_publisher",
    "connect_async": "aio.connecting",
}


def __getattr__(name: str) -> Any:
    """Import what is for asyncio, or for HTTP, when it is used (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
