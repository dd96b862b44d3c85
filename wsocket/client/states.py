"""What a session tells its program about its connection."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wsocket.errors import ApplicationError

ClientState = Literal["connecting", "joined", "waiting", "closed"]


class StateChange(Struct, frozen=True):
    """A session is in another state now.

    Attributes:
        state: ``connecting``; ``joined``: the session is in its realm, and everything
            is restored but what is *refused*; ``waiting`` to connect again; ``closed``,
            for ever.
        error: Why, if something went wrong: `ConnectionLost`, `ConnectFailed` or
            `JoinRefused`.
        retry_in: Seconds until the next attempt, in the state ``waiting``.
        refused: Why subscriptions and registrations could not be restored.
    """

    state: ClientState
    error: Exception | None = None
    retry_in: float | None = None
    refused: tuple[ApplicationError, ...] = ()
