"""What compression keeps for one plain websocket, charged to the process."""

from __future__ import annotations

from collections.abc import Callable

from wsocket.core.net.future import Future, ask
from wsocket.core.net.loop import Loop
from wsocket.core.net.memory import Memory
from wsocket.core.websocket.handshake import Handshake


class Contexts:
    """The compression contexts of one websocket (RFC 7692 section 3).

    Args:
        memory: Gives the budget of the process; called on the loop.
    """

    __slots__ = ("_charged", "_loop", "_memory")

    def __init__(self, loop: Loop, memory: Callable[[], Memory]) -> None:
        self._loop = loop
        self._memory = memory
        self._charged = 0  # bytes; used on the loop only

    def affordable(self, agreed: Handshake) -> Handshake:
        """The same handshake, without compression if there is no room for it.

        What is charged stays so until `end`. Called once, from any thread or greenlet,
        which waits for the loop.
        """
        if agreed.deflate is None or ask(self._loop, self._taking(agreed.deflate.kept)):
            return agreed
        return agreed.without_compression()

    def end(self) -> None:
        """The websocket has ended; on the loop. Later calls do nothing."""
        charged, self._charged = self._charged, 0
        if charged:
            self._memory().contexts.give_back(charged)

    def _taking(self, size: int) -> Callable[[Future[bool]], None]:
        """What takes *size* bytes on the loop, and says whether there was room."""

        def take(taken: Future[bool]) -> None:
            has_room = self._memory().contexts.take(size) is None
            self._charged = size if has_room else 0
            taken.set(has_room)

        return take
