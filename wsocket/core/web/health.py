"""A page for whoever watches over the process: load balancers, Kubernetes, systemd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.core.net.future import Future
from wsocket.core.net.loop import get_loop
from wsocket.core.wsgi import Environ

PATIENCE = 1.0  # seconds in which the loop must answer


class Health:
    """200 ``ok``, or 503 with the reason.

    Args:
        is_draining: Whether the server is about to end.
    """

    def __init__(self, is_draining: Callable[[], bool]) -> None:
        self._is_draining = is_draining

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> bytes:
        """Answer a request (PEP 3333)."""
        problem = self._problem()
        status = "503 Service Unavailable" if problem else "200 OK"
        headers = [("Content-Type", "text/plain"), ("Cache-Control", "no-store")]
        start_response(status, headers)
        return f"{problem or 'ok'}\n".encode()

    def _problem(self) -> str:
        if self._is_draining():
            return "the server is about to end"
        loop = get_loop()
        answer: Future[None] = Future(loop)
        loop.call_soon(answer.set, None)
        try:
            answer.wait(PATIENCE)
        except TimeoutError:
            return f"the I/O loop has not answered within {PATIENCE:g} second"
        return ""
