"""The server that is measured: a router, a plain websocket echo and an HTTP page.

python benchmarks/app.py gevent|threads PORT
"""

from __future__ import annotations

import sys

if sys.argv[1] == "gevent":
    from gevent import monkey

    monkey.patch_all()

from typing import Any

from wsocket import WSocketApp, run

app = WSocketApp(protocol="WAMP")


@app.route("/")
def index(environ: dict[str, Any], start_response: Any) -> str:
    return "Hello World!"


@app.route("/echo")
def echo(environ: dict[str, Any], start_response: Any) -> None:
    ws = environ["wsgi.websocket"]
    for message in ws:
        ws.send(message)


run(app, port=int(sys.argv[2]))
