"""What the tests of killed and stopped clients serve, and what the process holds."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from typing import Any

from tests.patience import SECONDS
from wsocket import Limits, LongPolling, Permission, Realm, Role, WSocketApp
from wsocket.wamp.auth import Anonymous, Ticket, TicketUser

ALL = Permission("", "prefix", ["call", "register", "publish", "subscribe"])
REALM = Realm(
    "realm1",
    auth=[Ticket({"ada": TicketUser(ticket="secret", role="user")}), Anonymous("user")],
    roles=[Role("user", [ALL])],
)
WORKERS = 8


class Gate:
    """Where views and procedures wait until a test lets them go.

    Attributes:
        waiting: How many of them wait.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self._lock = threading.Lock()
        self._opened = threading.Event()

    def wait(self) -> str:
        with self._lock:
            self.waiting += 1
            opened = self._opened
        opened.wait()
        with self._lock:
            self.waiting -= 1
        return "told"

    def open(self) -> None:
        """Let everybody go who waits now."""
        with self._lock:
            opened, self._opened = self._opened, threading.Event()
        opened.set()


gate = Gate()


def made(poll_pause: float, **limits: Any) -> WSocketApp:
    return WSocketApp(
        protocol="WAMP",
        realm=REALM,
        max_workers=WORKERS,
        longpoll=LongPolling("/longpoll", poll_pause=poll_pause),
        limits=Limits(**limits),
    )


app = made(1.0, ping_interval=0)  # who ends, and does not poll, is soon forgotten
patient = made(SECONDS, outbox_bytes=2**20, ping_interval=0)
pinging = made(2.0, ping_interval=1.0, ping_timeout=1.0)


def census(site: WSocketApp) -> dict[str, Any]:
    """What the router and the process hold."""
    realm = site.snapshot().realms[REALM.name]
    metrics = site.metrics()
    calls = metrics.workers["calls"]
    return {
        "sessions": len(realm.sessions),
        "subscriptions": len(realm.subscriptions),
        "registrations": len(realm.registrations),
        "calls": len(realm.calls),
        "questions": realm.questions,
        "connections": metrics.connections,
        "backlog": metrics.backlog_bytes,
        "memory": metrics.memory_bytes,
        "busy": calls.busy,
        "lined up": calls.waiting,
        "waiting": gate.waiting,
        "dropped": sum(metrics.events_dropped.values()),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
    }


def wait(environ: dict[str, Any], start_response: Any) -> str:
    return gate.wait()


def go(environ: dict[str, Any], start_response: Any) -> str:
    gate.open()
    return "gone"


def upload(environ: dict[str, Any], start_response: Any) -> str:
    return str(len(environ["wsgi.input"].read()))


def echo(environ: dict[str, Any], start_response: Any) -> None:
    for message in environ["wsgi.websocket"]:
        environ["wsgi.websocket"].send(message)


def feed(environ: dict[str, Any], start_response: Any) -> None:
    """Send without an end."""
    while True:
        environ["wsgi.websocket"].send("x" * 10_000)


def forever() -> Iterator[int]:
    yield from iter(int, 1)


def listen_rawsocket(site: WSocketApp) -> str:
    """Listen once more, with pings; the port."""
    listener = site.listen_rawsocket("tcp://127.0.0.1:0", pings=True)
    return listener.address.rpartition(":")[2]


for each in (app, patient, pinging):
    for view in (wait, go, upload, echo, feed):
        each.route(f"/{view.__name__}")(view)
    each.route("/census")(lambda *_, site=each: json.dumps(census(site)))
    each.route("/rawsocket")(lambda *_, site=each: listen_rawsocket(site))
    each.register("com.example.wait")(gate.wait)
    each.register("com.example.forever")(forever)
    each.register("com.example.quick", on_loop=True)("quick".upper)
