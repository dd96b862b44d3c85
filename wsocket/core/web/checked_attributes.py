"""Checks of what is assigned to an application, by its constructor or later.

A wrong value would show only when the next client comes, as an error 500.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wsocket.core.checks import check_bool, check_handler, check_number, refuse_type
from wsocket.core.functions import kind_of
from wsocket.core.web.routes import Routes
from wsocket.core.websocket.blocking import WebSocket
from wsocket.core.websocket.deflate import check_compression
from wsocket.core.websocket.origins import check_allowed_origins


class CheckedAttributes:
    """The base of `Framework`: its attributes take only what they can be.

    Raises:
        TypeError, ValueError: An attribute, also one of a derived class, is assigned
            something else.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "websocket_class" in vars(cls):
            _check_websocket_class(vars(cls)["websocket_class"])

    if not TYPE_CHECKING:  # type checkers would take it that any name may be assigned

        def __setattr__(self, name: str, value: Any) -> None:
            check = _CHECKS.get(name)
            if check is not None:
                check(value)
            super().__setattr__(name, value)


def _check_app(value: object) -> None:
    if value is not None:
        check_handler("app", value)


def _check_debug(value: object) -> None:
    if value is not None:
        check_bool("debug", value)


def _check_websocket_class(value: object) -> None:
    expected = "a class derived from WebSocket"
    if not isinstance(value, type):
        refuse_type("websocket_class", expected, value)
    if not issubclass(value, WebSocket):
        raise TypeError(
            f"websocket_class: expected {expected}, got the class {value.__name__}; "
            f"write class {value.__name__}(WebSocket)"
        )


def _check_routes(value: object) -> None:
    if not isinstance(value, Routes):
        raise TypeError(
            f"routes: expected the routes of an application, got {kind_of(value)}; to "
            "replace them all, write app.routes.clear() and app.routes.update(...)"
        )


_CHECKS: dict[str, Callable[[object], None]] = {
    "allowed_origins": check_allowed_origins,
    "app": _check_app,
    "compression": check_compression,
    "debug": _check_debug,
    "max_message_size": lambda value: check_number(
        "max_message_size", value, least=1, unit="bytes"
    ),
    "not_found": lambda value: check_handler("not_found", value),
    "routes": _check_routes,
    "websocket_class": _check_websocket_class,
}
