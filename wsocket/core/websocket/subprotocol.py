"""The slot through which a subprotocol (RFC 6455 section 1.9) plugs into the framework.

`core` knows no subprotocol. The application object gives its subprotocols to the
framework. The first one that claims an upgrade request gets the connection, on the
loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from wsocket.core.websocket.on_loop import Receiver, WebSocketStream


class Subprotocol(Protocol):
    """What the framework asks of a subprotocol."""

    names: Sequence[str]
    """Subprotocol names that can be accepted."""

    def claims(self, offered: Sequence[str]) -> bool:
        """Whether a request that offers these names is for this subprotocol.

        It may claim names that are not in `names`. Then the request is refused.
        """

    def choose(self, offered: Sequence[str]) -> str | None:
        """The name to accept; None refuses the request.

        Args:
            offered: The names that the client offers, its favourite first.
        """

    def connect(
        self, stream: WebSocketStream, name: str, environ: Mapping[str, Any]
    ) -> Receiver:
        """Take a new connection that speaks *name*; called on the loop."""
