"""What every server of these tests serves: HTTP views, plain websockets and WAMP."""

from __future__ import annotations

import gc
import json
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from greenlet import greenlet

from tests.patience import SECONDS
from wsocket import WSocketApp

MOMENT = 0.02  # seconds between two looks whether it is time to get up
LONGEST_NAP = int(SECONDS / MOMENT)  # looks, if nobody calls


def census() -> str:
    """What the process holds: descriptors, threads and greenlets."""
    gc.collect()
    found = {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "greenlets": sum(isinstance(each, greenlet) for each in gc.get_objects()),
    }
    return json.dumps(found)


class Site:
    """HTTP views for any framework, and the application around it.

    Args:
        sleep: How a handler waits; in a process that gevent serves unpatched, that
            must be gevent's.
    """

    app: WSocketApp

    def __init__(self, *, sleep: Callable[[float], object] = time.sleep) -> None:
        self._sleep = sleep
        self._alarm = threading.Semaphore(0)
        self.views: dict[str, Callable[[], str]] = {
            "/": lambda: "hello",
            "/announce": self._announce,
            "/add": lambda: str(
                self.app.call("com.example.add", 2, 3, timeout=SECONDS)
            ),
            "/nap": self._nap,
            "/census": census,
        }

    def wrap(self, inner: Callable[..., Any] | None) -> WSocketApp:
        """The application; HTTP goes to *inner*, or to routes of its own."""
        app = self.app = WSocketApp(
            inner, protocol="WAMP", longpoll="/longpoll", bridge="/wamp"
        )
        if inner is None:
            for path, view in self.views.items():
                app.route(path)(lambda environ, start_response, view=view: view())
        app.route("/echo")(self._echo)
        app.route("/ws/nap")(self._websocket_nap)
        app.register("com.example.add")(lambda a, b: a + b)
        app.register("com.example.nap")(self._nap)
        app.register("com.example.wake")(self._wake)
        app.subscribe("com.example.question")(self._answer)
        return app

    def _nap(self) -> str:
        """Sleep until `_wake` is called; one call wakes one sleeper."""
        for _ in range(LONGEST_NAP):
            if self._alarm.acquire(blocking=False):
                return "rested"
            self._sleep(MOMENT)
        return "overslept"

    def _wake(self) -> str:
        self._alarm.release()
        return "woken"

    def _announce(self) -> str:
        self.app.publish("com.example.news", "from a view")
        return "announced"

    def _answer(self, question: str) -> None:
        self.app.publish("com.example.answer", f"answer to {question}")

    def _echo(self, environ: dict[str, Any], start_response: Any) -> None:
        websocket = environ["wsgi.websocket"]
        for message in websocket:
            websocket.send(message)

    def _websocket_nap(self, environ: dict[str, Any], start_response: Any) -> None:
        environ["wsgi.websocket"].send(self._nap())
