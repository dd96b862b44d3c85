"""Every call that the documentation has, as a typed program writes it.

Nothing runs this: tests/test_types.py has mypy and pyright read it.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Flask

from wsocket import (
    ApplicationError,
    AuthorizationRequest,
    CallCanceled,
    CallDetails,
    CallOptions,
    CallResult,
    CallTimeout,
    EventDetails,
    Grant,
    Limits,
    Listener,
    LongPolling,
    Metrics,
    PayloadError,
    PayloadSizeExceeded,
    PendingCall,
    Permission,
    PublishOptions,
    Realm,
    RegisterOptions,
    Remember,
    Role,
    RouterSnapshot,
    SubscribeOptions,
    WebSocket,
    WebSocketClosed,
    WebSocketError,
    WSocketApp,
    WsocketError,
    __version__,
    logger,
    make_server,
    run,
)
from wsocket.wamp.auth import (
    AUTHENTICATION_DENIED,
    AUTHENTICATION_FAILED,
    Anonymous,
    Authenticator,
    AuthRequest,
    Denied,
    Exchange,
    Identity,
    Principal,
    Scram,
    ScramUser,
    Ticket,
    TicketUser,
    WampCra,
    WampCraUser,
    WebLogin,
)

version: str = __version__
logger.setLevel(10)


# Logins, roles and realms


def logged_in(environ: dict[str, Any]) -> tuple[str, str] | None:
    return ("ada", "user") if environ.get("HTTP_COOKIE") else None


def identified(environ: dict[str, Any]) -> Identity | None:
    return Identity("ada", "user", "site", {"name": "Ada"})


def ticket_of(request: AuthRequest) -> TicketUser | None:
    if request.authid is None:
        raise Denied("no authid", reason="com.example.error.nameless")
    return TicketUser(ticket=lambda given: given == "x", role="sensor")


class PinExchange:
    def __init__(self) -> None:
        self.challenge: Mapping[str, Any] = {}

    def verify(self, signature: str, extra: Mapping[str, Any]) -> Identity:
        if signature == "wrong":
            raise Denied("wrong", reason=AUTHENTICATION_DENIED)
        if signature == "later":
            raise Denied("no keypad", reason=AUTHENTICATION_FAILED)
        return Identity("ada", "user")


class Pin:
    method = "pin"

    def begin(self, request: AuthRequest) -> Identity | Exchange | None:
        return PinExchange() if request.channel_id is None else None


pin: Authenticator = Pin()


def principal(user: Principal) -> str:
    return user.role


def decide(request: AuthorizationRequest) -> bool | Grant | dict[str, Any]:
    if request.action == "call":
        return {"allow": True, "disclose": "force", "cache": False}
    if request.session["authrole"] == "admin":
        return Grant(True, disclose="allow", trustlevel=3)
    return request.uri.startswith("com.example.") and request.match == "exact"


realm = Realm(
    "realm1",
    auth=[
        WebLogin(logged_in),
        WebLogin(identified),
        Ticket({"sensor1": TicketUser(ticket="secret", role="sensor")}),
        Ticket(ticket_of),
        WampCra({"joe": WampCraUser.from_password("secret", role="user")}),
        Scram({"joe": ScramUser.from_password("secret", role="user")}),
        Scram(
            {
                "ann": ScramUser.from_password(
                    "secret", role="user", iterations=2, memory=2**16
                )
            }
        ),
        Pin(),
        Anonymous("guest"),
    ],
    roles=[
        Role("guest", [Permission("com.example.", match="prefix", allow=["call"])]),
        Role("sensor", [Permission("com.example.t", allow=["publish"], cache=False)]),
        Role(
            "user", [Permission("com..x", match="wildcard", allow=None)], trustlevel=2
        ),
    ],
    authorizer=decide,
    authorizer_ttl=5,
    authorizer_timeout=2.5,
    login_delay=0,
    history=[Remember("com.example.news", limit=10, limit_bytes=2**20)],
    strict_uris=True,
    registrations=100,
    subscriptions=100,
    retained_topics=100,
    testaments=5,
)
rules: int = sum(len(role.permissions) for role in realm.roles)

app = WSocketApp(
    None,
    "WAMP",
    debug=True,
    max_message_size=2**20,
    allowed_origins=["https://*.example.com"],
    realm=realm,
    realms=[Realm("other", authorizer="com.example.decide")],
    max_workers=8,
    limits=Limits(
        outbox_messages=100,
        outbox_bytes=2**20,
        session_bytes=2**20,
        memory=2**26,
        send_timeout=5,
        ping_interval=20,
        turn=0.01,
        joins_per_second=2,
        failed_logins_per_minute=5.5,
    ),
    longpoll=LongPolling("/longpoll", poll_timeout=10, poll_pause=20.0),
    compression=None,
    join_timeout=5,
    metrics="/metrics",
    health="/healthz",
)
chat = WSocketApp(protocol=["chat", "chat2"], realm="realm1", longpoll=None)
flask_app = Flask(__name__)
wrapping = WSocketApp(flask_app, protocol="WAMP")
polling = WSocketApp(protocol="WAMP", longpoll="/longpoll", compression="deflate")


# Routes and responses


@app.route("/")
def page(environ: dict[str, Any], start_response: Callable[..., Any]) -> str:
    start_response(200, {"Content-Type": "text/plain"})
    return "Hello World!"


@app.route("/slow/*")
def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[str]:
    start_response()
    yield "Hello "


@app.route("/file")
def file(environ: dict[str, Any], start_response: Callable[..., Any]) -> object:
    start_response("404 Nothing here", [("Set-Cookie", "a=1")])
    return open("hello.txt", "rb")


@app.route("/echo")
def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> None:
    socket: WebSocket = environ["wsgi.websocket"]
    with socket as ws:
        try:
            message: str | bytes | None = ws.receive(timeout=1.5)
            ws.send("text")
            ws.send(b"bytes", binary=False)
            ws.ping(b"x")
        except WebSocketClosed as error:
            print(error.code, error.reason)
        except WebSocketError:
            raise
        else:
            print(message, ws.path, ws.origin, ws.protocol, ws.version, ws.closed)
        for each in ws:
            ws.send(each)
        ws.close(1000, "bye")


app.routes["/page"] = page
del app.routes["/page"]
name: str = WSocketApp.GUID
versions: tuple[str, ...] = WSocketApp.SUPPORTED_VERSIONS


class Shouting(WebSocket):
    def shout(self, text: str) -> None:
        self.send(text.upper())


class Site(WSocketApp):
    websocket_class = Shouting

    def not_found(self, environ: dict[str, Any], start_response: Any) -> str:
        start_response(404)
        return "nothing"


site = Site(page, protocol="WAMP")


# Events


def on_message(message: str | bytes, client: WebSocket) -> None:
    client.send(message)


def on_connect(client: WebSocket) -> None:
    print(client)


chat.onmessage += on_message
chat.onmessage -= on_message
chat.onmessage = on_message
chat.onconnect += on_connect
chat.onconnect += lambda client: print(client, "connected")
chat.onclose += lambda reason, client: print(client, "left:", reason)
chat.onmessage("text", None)


# Procedures, subscribers and calls


@app.register("com.example.add")
def add(a: int, b: int) -> int:
    return a + b


@app.register("com.example.count", match="prefix", invoke="roundrobin", on_loop=False)
def count(limit: int, *, details: CallDetails) -> Iterator[int]:
    print(details.procedure, details.caller, details.caller_authid, details.progressive)
    yield from range(limit)


@app.register(
    "com.example.both",
    options=RegisterOptions(invoke="last", concurrency=2, force_reregister=True),
)
def both() -> CallResult:
    return CallResult([1, 2], {"key": "value"})


@app.subscribe("com.example.chat", match="wildcard")
def on_chat(text: str, *, details: EventDetails) -> None:
    print(details.topic, details.publication, details.retained, text)


@app.subscribe("com.example.kept", options=SubscribeOptions(get_retained=True))
def on_kept(*args: object, **kwargs: object) -> None:
    raise ApplicationError("com.example.error.full", 1, limit=2)


total: int = add(1, 2)  # a decorated function stays what it was
nothing: int | None = app.publish("com.example.news", "text", {"a": [1]}, key=b"x")
publication: int | None = app.publish(
    "com.example.news",
    options=PublishOptions(
        acknowledge=True,
        exclude_me=False,
        exclude=[1],
        eligible_authid=["ada"],
        eligible_authrole=["user"],
        disclose_me=True,
        retain=True,
    ),
)
try:
    result = app.call("com.example.add", 1, b=2, timeout=5)
    result = app.call("com.example.add", options=CallOptions(disclose_me=True))
    pending: PendingCall = app.start_call("com.example.count", 3)
    for progress in pending:
        print(progress)
    pending.cancel("kill")
    print(pending.result(timeout=1.5), result)
except CallTimeout as timeout:
    print(timeout.error, timeout.args, timeout.kwargs)
except CallCanceled:
    print("canceled")
except (PayloadSizeExceeded, PayloadError, ApplicationError, WsocketError) as failed:
    print(failed)


# The router and the servers


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
listener: Listener = app.listen_rawsocket("tcp://127.0.0.1:0", pings=True)
app.listen_rawsocket("unix:///run/app.sock", ssl_context=context)
print(listener.address)
listener.close()
app.add_realm(Realm("another"))
app.set_authorizer("another", decide)
app.set_authorizer("another", "com.example.decide")
app.set_authorizer("another", None)
app.remove_realm("another")
snapshot: RouterSnapshot = app.snapshot()
sessions = snapshot.realms["realm1"].sessions
held: object = snapshot.realms["realm1"].subscriptions
metrics: Metrics = app.metrics()
used: float = metrics.memory_bytes / metrics.memory_limit
print(metrics.connections, metrics.events_dropped, metrics.longest_turn)
print(metrics.workers["calls"])
if metrics.router is not None:
    print(metrics.router.received["PUBLISH"])
drained: bool = app.drain(timeout=5)
app.close()
app.close(1012, "restart")

with make_server("127.0.0.1", 0, app, timeout=30, max_connections=100) as server:
    print(server.server_port)
    server.serve_forever()
    server.shutdown()

if __name__ == "__main__":
    run(app)
    run(app, "0.0.0.0", 443, ssl_context=context, graceful_timeout=5, close_spread=1)
    run(app, "unix:///run/a.sock", take_over=True, access_log=True, log_format="json")
    run(app, max_connections=9, max_connections_per_address=3, max_unsent_bytes=2**20)
    run(flask_app, port=0)
