"""Realtime for Python web apps: HTTP, websockets and a WAMP router in one WSGI app.

A name is imported when it is first used: whoever needs the client alone, such as the
command line, does not wait for the router.
"""

from __future__ import annotations

from importlib import import_module

from wsocket.project import __version__ as __version__

# To import `typing` takes milliseconds, in which Ctrl-C would show a traceback: the
# command line cannot do anything about it before this module is there.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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
    from wsocket.wamp.bridge.settings import Bridge, BridgeKey
    from wsocket.wamp.local.calling import CallDetails, CallResult, EventDetails
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

_HOMES = {
    "wsocket.app": ("WSocketApp",),
    "wsocket.core.http.serve": (
        "make_server",
        "run",
    ),
    "wsocket.core.net.limits": ("Limits",),
    "wsocket.core.net.listener": ("Listener",),
    "wsocket.core.websocket.blocking": ("WebSocket",),
    "wsocket.errors": (
        "ApplicationError",
        "CallCanceled",
        "CallTimeout",
        "PayloadError",
        "PayloadSizeExceeded",
        "WebSocketClosed",
        "WebSocketError",
        "WsocketError",
    ),
    "wsocket.log": ("logger",),
    "wsocket.metrics": ("Metrics",),
    "wsocket.wamp.authorization.authorizer": ("AuthorizationRequest",),
    "wsocket.wamp.authorization.roles": (
        "Permission",
        "Role",
    ),
    "wsocket.wamp.bridge.settings": (
        "Bridge",
        "BridgeKey",
    ),
    "wsocket.wamp.local.calling": (
        "CallDetails",
        "CallResult",
        "EventDetails",
    ),
    "wsocket.wamp.local.pending_call": ("PendingCall",),
    "wsocket.wamp.protocol.client_messages": (
        "CallOptions",
        "PublishOptions",
        "RegisterOptions",
        "SubscribeOptions",
    ),
    "wsocket.wamp.router.config": (
        "Realm",
        "Remember",
    ),
    "wsocket.wamp.router.snapshot": ("RouterSnapshot",),
    "wsocket.wamp.session.grant": ("Grant",),
    "wsocket.wamp.transports.longpoll_settings": ("LongPolling",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "ApplicationError",
    "AuthorizationRequest",
    "Bridge",
    "BridgeKey",
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


def __getattr__(name: str) -> Any:
    """Import a public name from its module (PEP 562)."""
    if name not in _MODULES:
        import_module("wsocket.version_2").check_name(name)  # few programs come here
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
