"""gevent-websocket: python gevent_websocket_app.py PORT"""

from __future__ import annotations

import sys
from typing import Any

from gevent import pywsgi
from geventwebsocket.handler import WebSocketHandler


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    ws = environ["wsgi.websocket"]
    while (message := ws.receive()) is not None:
        ws.send(message)
    return []


pywsgi.WSGIServer(
    ("127.0.0.1", int(sys.argv[1])), app, log=None, handler_class=WebSocketHandler
).serve_forever()
