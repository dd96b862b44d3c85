"""Procedures that take long or never end, behind logins and an authorizer.

Everybody may call; who logs in with a ticket is a user, and an authorizer is asked what
others may call.
"""

from __future__ import annotations

import os
import threading
import time

from tests.patience import SECONDS
from wsocket import Permission, Realm, Role, WSocketApp
from wsocket.wamp.auth import Anonymous, Ticket, TicketUser

gate = threading.Event()
begun: list[object] = []
opened: list[int] = []
closed: list[int] = []


def authorize(request):
    """Asked by users, for whom there are no rules."""
    return request.action == "call"


guest = Role("guest", [Permission("com.example.", match="prefix", allow=["call"])])
app = WSocketApp(
    protocol="WAMP",
    realm=Realm(
        "realm1",
        roles=[guest, Role("user", [])],
        auth=[
            Ticket({"joe": TicketUser(ticket="secret", role="user")}),
            Anonymous("guest"),
        ],
        authorizer=authorize,
    ),
)


@app.register("com.example.slow")
def slow(*args):
    begun.append(args[:1])
    gate.wait(SECONDS)


@app.register("com.example.quick")
def quick(value=None):
    return value


@app.register("com.example.open_gate")
def open_gate():
    gate.set()
    return True


@app.register("com.example.begun")
def how_many_have_begun():
    return len(begun)


@app.register("com.example.numbers")
def numbers(count, size=1000):
    for number in range(count):
        yield str(number) + "x" * size


@app.register("com.example.endless")
def endless(size=1000):
    opened.append(1)
    try:
        while True:
            yield "x" * size
    finally:
        closed.append(1)


@app.register("com.example.opened")
def how_many_were_opened():
    return len(opened)


@app.register("com.example.closed")
def how_many_were_closed():
    return len(closed)


@app.register("com.example.memory")
def memory():
    """The process's memory in bytes."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@app.register("com.example.spin")
def spin(seconds):
    """Work for a while without waiting."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
