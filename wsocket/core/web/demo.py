"""The demo: what an application without routes does until it is told otherwise."""

from __future__ import annotations

import time
from typing import Any

from wsocket.core.websocket.blocking import WebSocket
from wsocket.core.wsgi import Environ
from wsocket.log import logger


def hello(environ: Environ, start_response: Any) -> str:
    """Answer an HTTP request with a greeting."""
    start_response()
    return "<h1>Hello World!</h1>"


def log_client(websocket: WebSocket) -> None:
    """Log that a client has connected."""
    logger.info("%r connected", websocket)


def echo(message: str | bytes, websocket: WebSocket) -> None:
    """Send the message back, and once more after two seconds."""
    answer = b"you : " + message if isinstance(message, bytes) else f"you : {message}"
    websocket.send(answer)
    time.sleep(2)
    websocket.send(answer)


def log_close(reason: str, websocket: WebSocket) -> None:
    """Log that a client has gone."""
    logger.info("%r left: %s", websocket, reason)
