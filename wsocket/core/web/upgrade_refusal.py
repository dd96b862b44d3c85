"""How upgrade requests are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wsocket.core.http.headers import HOP_BY_HOP
from wsocket.errors import HandshakeError

BAD_REQUEST = "400 Bad Request"


def unsupported(names: Sequence[str]) -> HandshakeError:
    """The refusal of a client that offers no subprotocol, or only others."""
    return HandshakeError(
        BAD_REQUEST,
        f"no subprotocol was offered that is supported here; "
        f"offer one of: {', '.join(names)}",
    )


def refuse(start_response: Any, error: HandshakeError) -> list[bytes]:
    """Answer with the refusal of an upgrade request."""
    body = f"{error.problem}\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        # WSGI leaves hop-by-hop headers, such as the Upgrade of a 426, to the server.
        *(each for each in error.headers if each[0].lower() not in HOP_BY_HOP),
    ]
    start_response(error.status, headers)
    return [body]
