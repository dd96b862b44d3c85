"""The application that the tests of this folder run; with short pings if asked to."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import gevent

from wsocket import (
    AuthorizationRequest,
    Limits,
    Permission,
    Realm,
    Role,
    WSocketApp,
)
from wsocket.wamp.auth import Anonymous, AuthRequest, Identity

SHORT = Limits(ping_interval=1.0, ping_timeout=1.0)  # a busy machine answers in time

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


FAILURES: dict[str, type[BaseException]] = {
    "error": ValueError,
    "exit": SystemExit,
    "timeout": gevent.Timeout,  # it and the next are no subclasses of Exception
    "cancelled": asyncio.CancelledError,
}


def fail(name: str) -> None:
    """Fail as the last component of *name* says, if that is one of `FAILURES`."""
    failure = FAILURES.get(name.rpartition(".")[2])
    if failure is not None:
        raise failure


class FailingLogin:
    """Lets everybody in whose authid is not that of a failure."""

    method = "failing"

    def begin(self, request: AuthRequest) -> Identity | None:
        if request.authid is None:
            return None
        fail(request.authid)
        return Identity(request.authid, "user")


def authorize(request: AuthorizationRequest) -> bool:
    fail(request.uri)
    return True


open_to_all = Permission("com.open.", "prefix", ["call", "publish", "subscribe"])
failing = WSocketApp(
    protocol="WAMP",
    realm=Realm(
        "realm1",
        auth=[FailingLogin(), Anonymous("user")],
        roles=[Role("user", [open_to_all])],
        authorizer=authorize,
        login_delay=0,
    ),
    max_workers=2,
)


@failing.register("com.open.procedure")
def procedure(name: str) -> str:
    fail(name)
    return name


@failing.register("com.open.generator")
def generator(name: str) -> Any:
    yield "begun"
    fail(name)


@failing.subscribe("com.open.subscriber")
def subscriber(name: str) -> None:
    fail(name)
    failing.publish("com.open.heard", name)


@failing.route("/http/*")
def page(environ: dict[str, Any], start_response: Any) -> str:
    fail(environ["PATH_INFO"].replace("/", "."))
    return "well"


@failing.route("/fail")
def fail_on_message(environ: dict[str, Any], start_response: Any) -> None:
    for message in environ["wsgi.websocket"]:
        fail(message)


@failing.register("com.open.sleep")
def sleep_long() -> None:
    time.sleep(3600)


for each in (app, patient, narrow, failing):
    each.route("/echo")(echo)
    each.route("/sleeper")(sleep)
    each.route("/poller")(poll)
