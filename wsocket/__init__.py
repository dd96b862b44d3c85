"""Realtime for Python web apps: HTTP, websockets and a WAMP router in one WSGI app."""

from wsocket.app import WSocketApp
from wsocket.core.http.serve import make_server, run
from wsocket.core.net.limits import Limits
from wsocket.core.net.listener import Listener
from wsocket.core.websocket.blocking import WebSocket
from wsocket.errors import (
    ApplicationError,
    CallCanceled,
    CallTimeout,
    PayloadError,
    PayloadSizeExceeded,
    WebSocketClosed,
    WebSocketError,
    WsocketError,
)
from wsocket.log import logger
from wsocket.metrics import Metrics
from wsocket.wamp.authorization.authorizer import AuthorizationRequest
from wsocket.wamp.authorization.roles import Permission, Role
from wsocket.wamp.local.handlers import CallDetails, CallResult, EventDetails
from wsocket.wamp.local.pending_call import PendingCall
from wsocket.wamp.protocol.client_messages import (
    CallOptions,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
)
from wsocket.wamp.router.config import Realm, Remember
from wsocket.wamp.router.snapshot import RouterSnapshot
from wsocket.wamp.session.grant import Grant
from wsocket.wamp.transports.longpoll_settings import LongPolling

__all__ = [
    "ApplicationError",
    "AuthorizationRequest",
    "CallCanceled",
    "CallDetails",
    "CallOptions",
    "CallResult",
    "CallTimeout",
    "EventDetails",
    "Grant",
    "Limits",
    "Listener",
    "LongPolling",
    "Metrics",
    "PayloadError",
    "PayloadSizeExceeded",
    "PendingCall",
    "Permission",
    "PublishOptions",
    "Realm",
    "RegisterOptions",
    "Remember",
    "Role",
    "RouterSnapshot",
    "SubscribeOptions",
    "WSocketApp",
    "WebSocket",
    "WebSocketClosed",
    "WebSocketError",
    "WsocketError",
    "logger",
    "make_server",
    "run",
]
