"""Procedures, pages and subscribers that wait for calls of their own; 8 workers."""

from __future__ import annotations

import threading

from tests.patience import SECONDS
from wsocket import ApplicationError, Realm, Role, WSocketApp
from wsocket.wamp.auth import Ticket, TicketUser

WORKERS = 8
SUBSCRIBERS = 2 * WORKERS

gate = threading.Event()
begun: list[None] = []
done: list[str] = []


def authorize(request):
    """Asked about everything that the clients of a second realm do."""
    return app.call("com.client.confirm", request.uri) == "yes"


app = WSocketApp(
    protocol="WAMP",
    max_workers=WORKERS,
    realms=[
        Realm(
            "guarded",
            roles=[Role("user", [])],
            auth=[Ticket({"joe": TicketUser(ticket="secret", role="user")})],
            authorizer=authorize,
        )
    ],
)


def wait_at_gate():
    begun.append(None)
    gate.wait(SECONDS)


@app.register("com.example.inner")
def inner(value="inner"):
    return value


@app.register("com.example.outer")
def outer():
    """Wait for an inner call when the gate has opened."""
    wait_at_gate()
    return app.call("com.example.inner", "outer")


@app.register("com.example.fan")
def fan():
    """The same, with calls that have started before."""
    calls = [app.start_call("com.example.inner", number) for number in range(20)]
    wait_at_gate()
    return [call.result() for call in calls]


@app.register("com.example.parts")
def parts():
    yield from range(5)


@app.register("com.example.sum")
def sum_of_parts():
    """The same, with progressive results."""
    wait_at_gate()
    return sum(app.start_call("com.example.parts"))


@app.register("com.example.ask")
def ask():
    """The same, but a client has the answer."""
    wait_at_gate()
    return app.call("com.client.confirm", "ask")


@app.register("com.example.impatient")
def impatient():
    """The same, but it does not wait for long."""
    wait_at_gate()
    try:
        return app.call("com.client.confirm", "impatient", timeout=0.01)
    except ApplicationError as error:
        return error.error


@app.register("com.example.deep")
def deep(levels):
    """A chain of calls."""
    return 1 + app.call("com.example.deep", levels - 1) if levels else 0


@app.register("com.example.open_gate", on_loop=True)
def open_gate():
    gate.set()


@app.register("com.example.begun", on_loop=True)
def how_many_have_begun():
    return len(begun)


@app.register("com.example.done", on_loop=True)
def how_many_are_done():
    return len(done)


@app.route("/outer")
def page(environ, start_response):
    return app.call("com.example.outer")


def subscribe():
    @app.subscribe("com.example.topic")
    def notified():
        wait_at_gate()
        done.append(app.call("com.example.inner"))


for _ in range(SUBSCRIBERS):
    subscribe()
