"""What a router serves over HTTP: long polling, and the bridge."""

from __future__ import annotations

from collections.abc import Callable

from wsocket.core.web.framework import Framework
from wsocket.wamp.bridge.handler import BridgeHandler
from wsocket.wamp.bridge.settings import Bridge
from wsocket.wamp.local.application import Application
from wsocket.wamp.transports.longpoll import LongPoll
from wsocket.wamp.transports.longpoll_settings import LongPolling


def serve_resources(
    framework: Framework,
    application: Callable[[], Application],
    longpoll: str | LongPolling | None,
    bridge: str | Bridge | None,
) -> None:
    """Serve what is not None, each below its base path.

    Raises:
        ValueError: Another setting has the same path.
    """
    if longpoll is not None:
        _serve_longpoll(framework, application(), longpoll)
    if bridge is not None:
        _serve_bridge(framework, application(), bridge)


def _serve_longpoll(
    framework: Framework, application: Application, settings: str | LongPolling
) -> None:
    """Serve WAMP over HTTP requests, below a base path."""
    handler = LongPoll(
        settings if isinstance(settings, LongPolling) else LongPolling(settings),
        application.router,
        prepare=application.prepare,
        connections=framework.connections,
        max_message_size=framework.max_message_size,
        allowed_origins=framework.allowed_origins,
    )
    framework.resources.serve("longpoll", handler.route, handler)


def _serve_bridge(
    framework: Framework, application: Application, settings: str | Bridge
) -> None:
    """Serve requests that publish, call and listen, below a base path."""
    handler = BridgeHandler(
        settings if isinstance(settings, Bridge) else Bridge(settings),
        application.router,
        realm=application.realm,
        prepare=application.prepare,
        connections=framework.connections,
        max_message_size=framework.max_message_size,
        allowed_origins=framework.allowed_origins,
    )
    framework.resources.serve("bridge", handler.route, handler)
