"""A WAMP client of the work that is counted."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.instructions.driven.lockstep import World
from benchmarks.instructions.driven.wire import payloads, upgrade, wamp_frame

HELLO, WELCOME = 1, 2
UPGRADE = upgrade("/", "wamp.2.json")
ROLES: dict[str, Any] = {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}
JOIN = wamp_frame(HELLO, "realm1", {"roles": ROLES})


class Peer:
    """A session, from the upgrade request on."""

    def __init__(self, world: World) -> None:
        self._wire = world.connect()
        self.world = world
        head = self._wire.ask(UPGRADE)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise AssertionError(f"no websocket: {head!r}")
        [welcome] = self.ask(JOIN)
        if welcome[0] != WELCOME:
            raise AssertionError(f"not welcome: {welcome}")

    def write(self, frames: bytes) -> None:
        self._wire.write(frames)

    def read(self) -> list[list[Any]]:
        """The messages that have come."""
        return [json.loads(each) for each in payloads(self._wire.read())]

    def ask(self, frames: bytes) -> list[list[Any]]:
        """Write, give the server a turn, read."""
        self.write(frames)
        self.world.turn()
        return self.read()

    def close(self) -> None:
        self._wire.close()
