"""Events of applications without routes: ``app.onmessage += handler``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import Any, overload

from wsocket.core.checks import check_callable
from wsocket.core.concurrency.kinds import FAILURES
from wsocket.core.functions import kind_of
from wsocket.core.web import demo
from wsocket.core.websocket.blocking import WebSocket
from wsocket.core.wsgi import Environ
from wsocket.errors import WebSocketError
from wsocket.log import logger
from wsocket.version_2 import (
    APP_ATTRIBUTES,
    EVENT_ATTRIBUTES,
    EVENT_METHODS,
    check_overrides,
    had,
)

EventHandler = Callable[..., object]

# What follows a decorator.
_DECORATED = (FunctionType, type)


class EventHook:
    """The handlers of one event, called in the order in which they were added.

    While no handler was added, the default is called. ``+=`` adds a handler and ``-=``
    removes one; assigning to the application's attribute replaces them all.

    Args:
        default: The handler that is called while there is no other.
        name: The event's, for error messages.
        parameters: What its handlers are called with.
    """

    def __init__(
        self, default: EventHandler, *, name: str, parameters: Sequence[str]
    ) -> None:
        self._default = default
        self._name = name
        self._parameters = parameters
        self._handlers: list[EventHandler] | None = None

    def __iadd__(self, handler: EventHandler) -> EventHook:
        check_callable(
            self._name, handler, expected="a function", parameters=self._parameters
        )
        self._handlers = [*(self._handlers or ()), handler]
        return self

    def __isub__(self, handler: EventHandler) -> EventHook:
        if handler not in (self._handlers or ()):
            raise ValueError(
                f"{self._name}: expected one of its handlers, got {kind_of(handler)}, "
                "which was not added"
            )
        self._handlers = [kept for kept in self._handlers or () if kept != handler]
        return self

    # Version 2's ``app.onmessage + handler``; and mypy looks for these two where an
    # attribute takes more types than it gives.
    __add__ = __iadd__
    __sub__ = __isub__

    @property
    def is_default(self) -> bool:
        """Whether no handler was added."""
        return self._handlers is None

    def __iter__(self) -> Iterator[EventHandler]:
        return iter((self._default,) if self._handlers is None else self._handlers)

    def __call__(self, *args: Any) -> None:
        """Call every handler; one that fails is logged and does not stop the others.

        Raises:
            TypeError: These are not the arguments of the event; most likely this was
                meant as a decorator.
        """
        if len(args) != len(self._parameters) or isinstance(args[0], _DECORATED):
            raise TypeError(
                f"{self._name}: expected ({', '.join(self._parameters)}) of one event, "
                f"got {', '.join(map(kind_of, args)) or 'nothing'}; this is no "
                f"decorator: to add a handler, write app.{self._name} += function"
            )
        for handler in self:
            try:
                handler(*args)
            except WebSocketError as error:
                logger.debug("%r lost its client: %s", handler, error)
            except FAILURES:
                logger.exception("the event handler %r failed", handler)


class EventAttribute:
    """An attribute of an application that is the `EventHook` of one event.

    Args:
        parameters: What handlers are called with.
    """

    def __init__(self, default: EventHandler, *parameters: str) -> None:
        self._default = default
        self._parameters = parameters

    def __set_name__(self, owner: type[object], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, app: None, owner: type[object]) -> EventAttribute: ...

    @overload
    def __get__(self, app: object, owner: type[object]) -> EventHook: ...

    def __get__(self, app: object, owner: type[object]) -> EventHook | EventAttribute:
        if app is None:  # asked of the class, as `help` does
            return self
        hook: EventHook = vars(app).setdefault(self._name, self._new())
        return hook

    def __set__(self, app: object, handler: EventHandler | EventHook) -> None:
        # ``app.onmessage += handler`` assigns the hook itself.
        if not isinstance(handler, EventHook):
            hook = self._new()
            hook += handler
            handler = hook
        vars(app)[self._name] = handler

    def _new(self) -> EventHook:
        return EventHook(self._default, name=self._name, parameters=self._parameters)


class Events:
    """The events of an application; by default they are those of the demo.

    Attributes:
        onconnect: Called with the websocket of a new client.
        onmessage: Called with each message and its websocket.
        onclose: Called with the reason, a str, and the websocket of a client that has
            gone.
    """

    onconnect = EventAttribute(demo.log_client, "client")
    onmessage = EventAttribute(demo.echo, "message", "client")
    onclose = EventAttribute(demo.log_close, "reason", "client")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        check_overrides(cls, EVENT_METHODS)

    @property
    def has_handlers(self) -> bool:
        """Whether a handler of any event was added, so that this is no demo."""
        hooks = (self.onconnect, self.onmessage, self.onclose)
        return not all(hook.is_default for hook in hooks)

    def run_events(self, environ: Environ, start_response: object) -> None:
        """The websocket handler of an application without routes."""
        websocket: WebSocket = environ["wsgi.websocket"]
        self.onconnect(websocket)
        reason = ""
        try:
            while True:
                self.onmessage(websocket.receive(), websocket)
        except WebSocketError as error:
            reason = str(error)
        finally:
            self.onclose(reason, websocket)


had(EventHook, EVENT_ATTRIBUTES)
had(Events, APP_ATTRIBUTES)
