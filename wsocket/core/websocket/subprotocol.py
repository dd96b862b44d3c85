"""The slot through which a subprotocol (RFC 6455 section 1.9) plugs into the framework.

`core` knows no subprotocol. The application object gives the framework those it speaks;
the first that claims what an upgrade request offers gets the connection, on the loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from wsocket.core.websocket.on_loop import Channel, Receiver


class Subprotocol(Protocol):
    """What the framework asks of a subprotocol."""

    names: Sequence[str]
    """Subprotocol names that can be accepted."""

    def claims(self, offered: Sequence[str]) -> bool:
        """Whether a request that offers these names is for this subprotocol.

        May hold for names outside `names`: such a request is refused, not routed.
        """

    def choose(self, offered: Sequence[str]) -> str | None:
        """The name to accept, of those a request offers, the most wanted first; None
        refuses it.
        """

    def connect(
        self, channel: Channel, name: str, environ: Mapping[str, Any]
    ) -> Receiver:
        """Take a new connection that speaks *name*; called on the loop."""
