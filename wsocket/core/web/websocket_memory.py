"""What one plain websocket makes the process keep, charged to it."""

from __future__ import annotations

from collections.abc import Callable

from wsocket.core.net.incoming import Incoming
from wsocket.core.net.loop import Loop
from wsocket.core.net.memory import Memory
from wsocket.core.web.contexts import Contexts
from wsocket.core.websocket.blocking import WebSocket


class WebSocketMemory:
    """The messages that came, the one that is being sent, and compression.

    Args:
        memory: Gives the budget of the process; called on the loop.
    """

    __slots__ = ("contexts", "incoming", "outgoing")

    def __init__(self, loop: Loop, memory: Callable[[], Memory]) -> None:
        self.incoming = Incoming(loop, memory)
        self.outgoing = Incoming(loop, memory, sending=True)
        self.contexts = Contexts(loop, memory)

    def give_up_with(self, websocket: WebSocket) -> None:
        """Drop *websocket* if all connections together keep too much."""
        self.incoming.stop = self.outgoing.stop = websocket.drop

    def end(self) -> None:
        """The websocket has ended; on the loop."""
        self.incoming.end()
        self.outgoing.end()
        self.contexts.end()
