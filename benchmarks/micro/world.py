"""A router whose sessions have no transport: messages go in as bytes, frames come out
as bytes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from wsocket import Permission, Realm, Role
from wsocket.wamp.protocol.ids import RandomWords
from wsocket.wamp.router.router import Router
from wsocket.wamp.session.in_process import NEVER
from wsocket.wamp.session.runtime import Cancellable
from wsocket.wamp.session.session import Session
from wsocket.wamp.transports.websocket import codec_of

ROLES: dict[str, object] = {
    "caller": {},
    "callee": {},
    "publisher": {},
    "subscriber": {},
}
ALLOWED = Permission(
    "com.example.",
    match="prefix",
    allow=["call", "register", "publish", "subscribe"],
)


class Runtime:
    """Time stands still; nothing is offloaded, for the realm is anonymous."""

    def time(self) -> float:
        return 0.0

    monotonic = time

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Cancellable:
        return NEVER

    def offload(
        self, function: Callable[[], Any], then: Callable[[Any], object]
    ) -> None:
        then(function())


class Client:
    """A session, and the frames that were sent to it."""

    def __init__(self, router: Router) -> None:
        self.codec = codec_of("wamp.2.json", 2**24)
        self.frames: list[bytes] = []
        self.write = self.frames.append
        self.session = Session(self, router)
        self.say(1, "realm1", {"roles": ROLES})

    def close(self) -> None:
        raise AssertionError(f"the router ends a session: {self.frames[-1]!r}")

    abort = close

    def say(self, *message: Any) -> None:
        self.session.receive(json.dumps(message))

    def take(self) -> list[Any]:
        """The messages since the last time, without their frames' headers."""
        messages = [json.loads(frame[frame.index(b"[") :]) for frame in self.frames]
        self.frames.clear()
        return messages


def new_router() -> Router:
    """A router with the realm ``realm1`` and one role."""
    realm = Realm("realm1", roles=[Role("anonymous", [ALLOWED])])
    router = Router([realm], random_below=RandomWords(secrets.token_bytes).below)
    router.start(Runtime())
    return router
