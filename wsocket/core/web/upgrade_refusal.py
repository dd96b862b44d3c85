"""How upgrade requests are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wsocket.core.http.headers import HOP_BY_HOP
from wsocket.core.wsgi import Environ
from wsocket.errors import HandshakeError

WEBSOCKET = "wsgi.websocket"
BAD_REQUEST = "400 Bad Request"


def unsupported(names: Sequence[str]) -> HandshakeError:
    """The refusal of a client that offers no subprotocol, or only others."""
    return HandshakeError(
        BAD_REQUEST,
        f"no subprotocol was offered that is supported here; "
        f"offer one of: {', '.join(names)}",
    )


def lacks_websocket(error: BaseException, environ: Environ) -> bool:
    """Whether a handler has failed because its request is no websocket."""
    return (
        type(error) is KeyError
        and error.args == (WEBSOCKET,)
        and WEBSOCKET not in environ
    )


def websocket_only() -> HandshakeError:
    """The refusal of an HTTP request whose handler is for websockets alone."""
    return HandshakeError(
        "426 Upgrade Required",
        "This address is for websockets, and this is an ordinary HTTP request: its "
        f"handler uses environ[{WEBSOCKET!r}], which only websockets have. A handler "
        f"for both asks for environ.get({WEBSOCKET!r}).",
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
