"""Routers that are reached by long polling as well; all they log goes to stderr."""

import logging

from wsocket import Limits, WSocketApp

logging.basicConfig(level=logging.DEBUG)

SHORT = 0.5  # seconds

app = WSocketApp(protocol="WAMP", longpoll="/longpoll")
brief = WSocketApp(
    protocol="WAMP", longpoll="/longpoll", limits=Limits(poll_timeout=SHORT)
)


@app.register("com.example.add")
def add(a, b):
    return a + b


@app.route("/")
def index(environ, start_response):
    return "HTTP works"
