"""WAMP clients: `connect` for threads and plain scripts, `connect_async` for asyncio.

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
    "JoinRefused",
    "PendingCall",
    "Registration",
    "Session",
    "StateChange",
    "Subscription",
    "connect",
    "connect_async",
]

_ASYNC = {
    "AsyncPendingCall": "pending_call",
    "AsyncSession": "session",
    "connect_async": "connecting",
}


def __getattr__(name: str) -> Any:
    """Import what is for asyncio when it is used (PEP 562)."""
    if name not in _ASYNC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.aio.{_ASYNC[name]}"), name)
