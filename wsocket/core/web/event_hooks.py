"""Events of applications without routes: ``app.onmessage += handler``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wsocket.errors import WebSocketError
from wsocket.log import logger

EventHandler = Callable[..., object]


class EventHook:
    """The handlers of one event, called in the order in which they were added.

    As long as no handler was added, a default runs. ``+=`` and ``-=`` add and remove a
    handler; assigning to the attribute of the application replaces them all.
    """

    def __init__(self, default: EventHandler) -> None:
        self._default = default
        self._handlers: list[EventHandler] | None = None

    def __iadd__(self, handler: EventHandler) -> EventHook:
        if not callable(handler):
            raise TypeError(f"an event handler must be callable, got {handler!r}")
        self._handlers = [*(self._handlers or ()), handler]
        return self

    def __isub__(self, handler: EventHandler) -> EventHook:
        if handler not in (self._handlers or ()):
            raise ValueError(f"{handler!r} was not added to this event")
        self._handlers = [kept for kept in self._handlers or () if kept != handler]
        return self

    def __iter__(self) -> Iterator[EventHandler]:
        return iter((self._default,) if self._handlers is None else self._handlers)

    def __call__(self, *args: Any) -> None:
        """Call every handler; one that fails is logged and does not stop the others."""
        for handler in self:
            try:
                handler(*args)
            except WebSocketError as error:
                logger.debug("the client of %r is gone: %s", handler, error)
            except Exception:
                logger.exception("the event handler %r failed", handler)
