"""The application whose procedures are called.

python server.py gevent|threads
"""

from __future__ import annotations

import sys

if sys.argv[1] == "gevent":
    from gevent import monkey

    monkey.patch_all()

import time
from typing import Any
from urllib.parse import parse_qs

from wsocket import WSocketApp, make_server

app = WSocketApp(protocol="WAMP")


@app.register("com.example.own")
def own(text: str) -> str:
    return text


try:
    app.register("com.example.on_loop", on_loop=True)(own)
except TypeError:
    print("this version has no on_loop", file=sys.stderr)  # noqa: T201


@app.route("/app-call")
def app_call(environ: dict[str, Any], start_response: Any) -> str:
    """Microseconds of CPU for one `app.call`, one after the other."""
    count = int(parse_qs(environ["QUERY_STRING"])["count"][0])
    begin = time.process_time()
    for _ in range(count):
        app.call("com.example.own", "x" * 64)
    start_response(200, {"Content-Type": "text/plain; charset=utf-8"})
    return str((time.process_time() - begin) / count * 1e6)


with make_server("127.0.0.1", 0, app) as server:
    print(server.server_port, flush=True)  # noqa: T201
    server.serve_forever()
