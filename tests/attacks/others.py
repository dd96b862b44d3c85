"""The others' process: ``python -m tests.attacks.others URL``.

Five clients do what clients do, again and again, each in a thread of its own: an event
that comes back, a call of a procedure of the application, a login, a page, an echo over
a plain websocket. It prints ``ready``. After a line on its stdin it begins to measure,
after another it prints the round trips as JSON, and after a third it ends.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import websocket

from tests.attacks.app import REALM
from tests.wamp.raw_client import ROLES, RawClient

SECONDS = 10.0  # that the others wait for an answer: then they have none
PAUSES = {"login": 0.03, "page": 0.01}  # seconds between two round trips of a client
PAUSE = 0.005  # of those that are not listed
WARM_UP = 20  # round trips
TOPIC = "com.others.topic"


def log_in(url: str) -> RawClient:
    """A user's session, with a ticket."""
    client = RawClient(url, timeout=SECONDS)
    details = {"roles": ROLES, "authid": "other", "authmethods": ["ticket"]}
    client.send(1, REALM, details)
    expect(client.receive(), 4)
    client.send(5, "secret", {})
    expect(client.receive(), 2)
    return client


def expect(message: list[object], code: int) -> None:
    if message[0] != code:
        raise AssertionError(f"expected a message of type {code}, got {message}")


@contextlib.contextmanager
def event(url: str) -> Iterator[Callable[[], None]]:
    """Publish, and get the event."""
    client = log_in(url)
    client.subscribe(TOPIC)

    def round_trip() -> None:
        client.send(16, client.next_request(), {"exclude_me": False}, TOPIC, ["hello"])
        expect(client.receive(), 36)

    yield round_trip
    client.close()


@contextlib.contextmanager
def call(url: str) -> Iterator[Callable[[], None]]:
    """Call a procedure of the application."""
    client = log_in(url)

    def round_trip() -> None:
        client.call("com.quick.echo", ["hello"])
        expect(client.receive(), 50)

    yield round_trip
    client.close()


@contextlib.contextmanager
def login(url: str) -> Iterator[Callable[[], None]]:
    """Connect, log in, and leave."""

    def round_trip() -> None:
        log_in(url).close()

    yield round_trip


@contextlib.contextmanager
def page(url: str) -> Iterator[Callable[[], None]]:
    """Connect, and get a page."""
    address = urlsplit(url).netloc

    def round_trip() -> None:
        connection = http.client.HTTPConnection(address, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", "/")
            response = connection.getresponse()
            if response.status != 200:
                raise AssertionError(f"expected 200, got {response.status}")
            response.read()

    yield round_trip


@contextlib.contextmanager
def echo(url: str) -> Iterator[Callable[[], None]]:
    """Have a plain websocket echo a message."""
    client = websocket.create_connection(f"{url}echo", timeout=SECONDS)

    def round_trip() -> None:
        client.send("hello")
        if client.recv() != "hello":
            raise AssertionError("expected an echo")

    yield round_trip
    client.shutdown()


KINDS = (event, call, login, page, echo)


class Client:
    """One of the others.

    Attributes:
        worst: Seconds of the longest round trip; infinite when one failed.
        problem: How it failed.
    """

    def __init__(self, name: str, round_trip: Callable[[], None]) -> None:
        self.name = name
        self.worst = 0.0
        self.problem = ""
        self._round_trip = round_trip

    def warm_up(self) -> None:
        for _ in range(WARM_UP):
            self._round_trip()

    def go_on(self, stop: threading.Event) -> None:
        """Make round trips until *stop*, or until one fails."""
        while not stop.wait(PAUSES.get(self.name, PAUSE)):
            begin = time.perf_counter()
            try:
                self._round_trip()
            except Exception as error:
                self.worst = math.inf
                self.problem = f"{self.name}: {type(error).__name__}: {error}"[:200]
                return
            self.worst = max(self.worst, time.perf_counter() - begin)


def main(url: str) -> None:
    sys.setswitchinterval(0.0005)  # the threads hardly wait for each other
    with contextlib.ExitStack() as stack:
        clients = [
            Client(kind.__name__, stack.enter_context(kind(url))) for kind in KINDS
        ]
        for client in clients:
            client.warm_up()
        print("ready", flush=True)
        input()
        measure(clients)
        worst = {client.name: client.worst for client in clients}
        problems = [client.problem for client in clients if client.problem]
        print(json.dumps({"worst": worst, "problems": problems}), flush=True)
        input()  # keep the connections until the descriptors have been counted


def measure(clients: list[Client]) -> None:
    """Let all go on until the next line on stdin."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=client.go_on, args=(stop,)) for client in clients
    ]
    for thread in threads:
        thread.start()
    input()
    stop.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1])
