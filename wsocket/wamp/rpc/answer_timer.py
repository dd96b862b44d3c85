"""How long a callee may take for an answer ("Call Timeouts")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.wamp.session.runtime import Runtime


class AnswerTimer:
    """Calls back if no answer comes in time; runs from the start.

    Args:
        seconds: The time for the first answer, and between two answers.
        expired: Called as ``expired(*args)``.
    """

    __slots__ = ("_args", "_expired", "_pending", "_runtime", "_seconds")

    def __init__(
        self,
        runtime: Runtime,
        seconds: float,
        expired: Callable[..., object],
        *args: Any,
    ) -> None:
        self._runtime = runtime
        self._seconds = seconds
        self._expired = expired
        self._args = args
        self._pending = runtime.call_later(seconds, expired, *args)

    def restart(self) -> None:
        """An answer came: the time for the next one starts."""
        self._pending.cancel()
        self._pending = self._runtime.call_later(
            self._seconds, self._expired, *self._args
        )

    def stop(self) -> None:
        """Do not call back."""
        self._pending.cancel()
