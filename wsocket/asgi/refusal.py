"""How the application answers an upgrade request, and how ASGI says no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wsocket.core.web.framework import Framework
from wsocket.core.wsgi import Environ

DENIAL = "websocket.http.response"  # the extension for a refusal with a response


class UpgradeAnswer:
    """The response to an upgrade request; it is the ``start_response`` of the call.

    Attributes:
        status: Such as ``"101 Switching Protocols"``.
        headers: Names and values.
        body: Bytes.
    """

    def __init__(self, status: str = "") -> None:
        self.status = status
        self.headers: list[tuple[str, str]] = []
        self.body = b""

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], None]:
        """See PEP 3333."""
        self.status, self.headers = status, headers
        return self._write

    @property
    def is_accepted(self) -> bool:
        """Whether the connection was taken over."""
        return self.status.startswith("101")

    def _write(self, data: bytes) -> None:
        self.body += data


def ask(app: Framework, environ: Environ) -> UpgradeAnswer:
    """Call the application with an upgrade request (PEP 3333)."""
    answer = UpgradeAnswer()
    body = app(environ, answer)
    try:
        answer.body += b"".join(body)
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
    return answer


async def refuse(scope: Mapping[str, Any], send: Any, answer: UpgradeAnswer) -> None:
    """Refuse the websocket: with the response, or with 403 where ASGI has no other."""
    if DENIAL not in (scope.get("extensions") or ()):
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers
    ]
    status = int(answer.status[:3])
    await send({"type": f"{DENIAL}.start", "status": status, "headers": headers})
    await send({"type": f"{DENIAL}.body", "body": answer.body})
