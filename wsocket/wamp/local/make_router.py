"""The router of an application, with what it needs of the world."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from wsocket.core.net.limits import Limits
from wsocket.wamp.protocol.ids import RandomWords
from wsocket.wamp.router.config import Realm
from wsocket.wamp.router.door import Door
from wsocket.wamp.router.router import Router


def make_router(realms: Iterable[Realm], join_timeout: float, limits: Limits) -> Router:
    """A router whose IDs nobody can guess.

    Args:
        join_timeout: See `Router`.
        limits: How often clients of one address may try to join.
    """
    return Router(
        realms,
        random_below=RandomWords(secrets.token_bytes).below,
        join_timeout=join_timeout,
        door=Door(
            joins_per_second=limits.joins_per_second,
            failed_logins_per_minute=limits.failed_logins_per_minute,
        ),
    )
