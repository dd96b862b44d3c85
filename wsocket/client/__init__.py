"""WAMP clients: `connect` for threads, greenlets and plain scripts.

No part of the router is imported here.
"""

from __future__ import annotations

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

__all__ = [
    "ApplicationError",
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
]
