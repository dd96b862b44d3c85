"""Routers that are reached by long polling as well; all they log goes to stderr."""

import logging
from pathlib import Path

from wsocket import LongPolling, WSocketApp

logging.basicConfig(level=logging.DEBUG)

SHORT, LONG = 0.5, 60.0  # seconds: LONG is longer than any test waits
AUTOBAHN = (
    Path(__file__).resolve().parents[3]
    / "examples/chat/node_modules/autobahn-browser/autobahn.min.js"
)

app = WSocketApp(protocol="WAMP", longpoll=LongPolling("/longpoll", poll_timeout=LONG))
brief = WSocketApp(
    protocol="WAMP", longpoll=LongPolling("/longpoll", poll_timeout=SHORT)
)


def add(a, b):
    return a + b


for each in (app, brief):
    each.register("com.example.add")(add)


@app.route("/")
def index(environ, start_response):
    return "HTTP works"


@brief.route("/")
def page(environ, start_response):
    """A page with autobahn.js, and nothing that a browser would complain about."""
    icon = '<link rel="icon" href="data:,">'
    return f'<!DOCTYPE html>{icon}<script src="/autobahn.js"></script>'


@brief.route("/autobahn.js")
def autobahn(environ, start_response):
    start_response(200, {"Content-Type": "text/javascript; charset=utf-8"})
    return AUTOBAHN.read_bytes()
