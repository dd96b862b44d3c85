"""Functions of the application that run for a call or an event."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from wsocket.core.checks import check_callable
from wsocket.core.concurrency.ctrl_c import pass_on
from wsocket.core.functions import calls
from wsocket.errors import PayloadError
from wsocket.log import logger
from wsocket.wamp.local.calling import EventDetails, UserFunction
from wsocket.wamp.serializers.base import Payload


class UserHandler(UserFunction):
    """A function of the application, registered or subscribed under *uri*.

    Args:
        on_loop: Whether it runs on the loop, because it never blocks.

    Attributes:
        large, known, watched, trial: See `wsocket.wamp.local.results_ahead.Maker`.

    Raises:
        TypeError: It cannot be called, or is an async function; or a generator, which
            cannot run on the loop.
    """

    def __init__(
        self, function: Callable[..., Any], uri: str, *, on_loop: bool = False
    ) -> None:
        check_callable(f"the handler of {uri!r}", function)
        generates = calls(function, inspect.isgeneratorfunction)
        if on_loop and generates:
            raise TypeError(
                f"the handler of {uri!r} is a generator, which takes its time: it "
                "cannot be registered with on_loop=True"
            )
        super().__init__(function, uri)
        self.on_loop = on_loop
        self.large = 0
        self.known = on_loop or generates  # a generator's results come one by one
        self.watched = not self.known
        self.trial: Any = None

    def notify(self, payload: Payload, details: EventDetails) -> None:
        """Run the function for an event; log the exception if it raises one."""
        try:
            args, kwargs = payload.values()
        except PayloadError as error:  # the publisher's fault
            logger.warning("an event is not delivered to %r: %s", self, error)
            return
        if self.wants_details:
            # A peer may have sent an argument of this name: it is not trusted.
            kwargs["details"] = details
        try:
            self.function(*args, **kwargs)
        except BaseException as error:  # such as gevent.Timeout or SystemExit
            logger.exception("the subscriber %r failed", self)
            pass_on(error)
