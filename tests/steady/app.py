"""The application that the tests of this folder run; with short pings if asked to."""

from __future__ import annotations

import sys
import time
from typing import Any

from wsocket import Limits, WSocketApp, run

SHORT = Limits(ping_interval=0.6, ping_timeout=0.4)

app = WSocketApp(protocol="WAMP", limits=SHORT)
patient = WSocketApp(protocol="WAMP")
narrow = WSocketApp(protocol="WAMP", limits=Limits(outbox_bytes=2**20))


def echo(environ: dict[str, Any], start_response: Any) -> None:
    for message in environ["wsgi.websocket"]:
        environ["wsgi.websocket"].send(message)


def poll(environ: dict[str, Any], start_response: Any) -> None:
    """Listen with a timeout, again and again."""
    while True:
        environ["wsgi.websocket"].receive(timeout=0.05)


def sleep(environ: dict[str, Any], start_response: Any) -> None:
    """Sleep for longer than a peer may be silent, without listening."""
    environ["wsgi.websocket"].receive()
    time.sleep(2 * (SHORT.ping_interval + SHORT.ping_timeout))
    environ["wsgi.websocket"].send("slept")


for each in (app, patient, narrow):
    each.route("/echo")(echo)
    each.route("/sleeper")(sleep)
    each.route("/poller")(poll)

if __name__ == "__main__":
    run(globals()[sys.argv[1]], port=0)
