"""The applications that are attacked. Users log in with a ticket, guests need none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from wsocket import (
    AuthorizationRequest,
    Permission,
    Realm,
    Remember,
    Role,
    WSocketApp,
)
from wsocket.wamp.auth import Anonymous, AuthRequest, Ticket, TicketUser

REALM = "realm1"
PORTION = 65536  # bytes
EVERYTHING = ("call", "register", "publish", "subscribe")


def user(request: AuthRequest) -> TicketUser:
    """Everybody who has the ticket; asked in a worker, as a database would be."""
    return TicketUser(ticket="secret", role="user")


def ask_slowly(request: AuthorizationRequest) -> bool:
    """Decide as a slow database does."""
    time.sleep(0.05)
    return True


def make(**rules: Any) -> WSocketApp:
    """An application with a router, everything else as it comes."""
    realm = Realm(
        REALM,
        auth=[Ticket(user), Anonymous("guest")],
        history=[Remember("com.kept.", "prefix")],
        **rules,
    )
    app = WSocketApp(protocol="WAMP", realm=realm, longpoll="/longpoll")
    for uri, procedure in PROCEDURES.items():
        app.register(uri)(procedure)
    for path, route in ROUTES.items():
        app.route(path)(route)
    app.subscribe("com.slow.events")(sleep)
    app.route("/listen")(lambda environ, start_response: listen(app, environ))
    return app


def listen(app: WSocketApp, environ: dict[str, Any]) -> str:
    """Open a listener for RawSocket, and say where it is."""
    return app.listen_rawsocket(unquote(environ["QUERY_STRING"])).address


# Procedures


def echo(value: Any = None) -> Any:
    return value


def sleep(seconds: float, load: Any = None) -> None:
    time.sleep(seconds)


def count(steps: int) -> Iterator[str]:
    """A generator that never waits."""
    for _ in range(steps):
        yield "x" * 1000


def large(size: int) -> str:
    return "x" * size


PROCEDURES: dict[str, Callable[..., Any]] = {
    "com.quick.echo": echo,
    "com.slow.sleep": sleep,
    "com.slow.count": count,
    "com.slow.large": large,
}


# Routes


def page(environ: dict[str, Any], start_response: Any) -> str:
    """Answer without reading the body."""
    return "a page"


def upload(environ: dict[str, Any], start_response: Any) -> str:
    """Read the body in portions, as frameworks do."""
    size = 0
    while portion := environ["wsgi.input"].read(PORTION):
        size += len(portion)
    return str(size)


def download(environ: dict[str, Any], start_response: Any) -> bytes:
    """Make a large answer for each request, as most applications do."""
    return b"x" * 5_000_000


def download_less(environ: dict[str, Any], start_response: Any) -> bytes:
    """A smaller answer, of which the kernel takes nearly all."""
    return b"x" * 200_000


def generate(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """An answer in large pieces."""
    for _ in range(100):
        yield b"x" * 1_000_000


def echo_messages(environ: dict[str, Any], start_response: Any) -> None:
    for message in environ["wsgi.websocket"]:
        environ["wsgi.websocket"].send(message)


def take_slowly(environ: dict[str, Any], start_response: Any) -> None:
    """Keep a message for a while, as one that stores it somewhere."""
    message = environ["wsgi.websocket"].receive()
    time.sleep(1.5)
    del message


def feed(environ: dict[str, Any], start_response: Any) -> None:
    """Send without end, as a ticker does, but faster."""
    while True:
        environ["wsgi.websocket"].send("x" * 100_000)


ROUTES: dict[str, Callable[..., Any]] = {
    "/": page,
    "/upload": upload,
    "/download": download,
    "/small-download": download_less,
    "/generated": generate,
    "/echo": echo_messages,
    "/feed": feed,
    "/slow": take_slowly,
}

open_realm = make()
guarded = make(
    roles=[
        Role("guest", [Permission("com.slow.", "prefix", ["call"])]),
        Role("user", [Permission("com.", "prefix", EVERYTHING)]),
    ]
)
asking = make(
    roles=[
        Role("guest", [Permission("com.", "prefix", None)]),
        Role("user", [Permission("com.", "prefix", EVERYTHING)]),
    ],
    authorizer=ask_slowly,
)
