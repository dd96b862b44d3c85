"""The application that foreign clients talk to in the interop tests."""

import json
from urllib.parse import parse_qs

from tests.patience import SECONDS
from tests.programs import ROOT
from tests.wamp.auth.clients import KeyOwner
from wsocket import (
    ApplicationError,
    CallOptions,
    Permission,
    Realm,
    Remember,
    Role,
    WSocketApp,
)
from wsocket.wamp.auth import (
    Cryptosign,
    CryptosignUser,
    Ticket,
    TicketUser,
    WampCra,
    WampCraUser,
)

SCRIPTS = {
    "/scripts/autobahn.js": (
        ROOT / "examples/chat/node_modules/autobahn-browser/autobahn.min.js"
    ),
    "/scripts/page.js": ROOT / "tests/interop/js/page.js",
}
SECRET = "secret!"
KEY_OWNER = KeyOwner(b"k" * 32)

OPEN = Realm("realm1", history=[Remember("com.example.remembered.", "prefix")])
COMPATIBLE = Realm("com.example.compatible", compat_autobahn_js=True)
STRICT = Realm(
    "com.example.strict",
    strict_request_ids=True,
    strict_uris=True,
    strict_progressive_results=True,
)
SECURED = Realm(
    "com.example.secured",
    auth=[
        Ticket({"joe": TicketUser(ticket=SECRET, role="user")}),
        WampCra(
            {
                "joe": WampCraUser(secret=SECRET, role="user"),
                "salted": WampCraUser.from_password(
                    SECRET, role="user", iterations=100
                ),
            }
        ),
        Cryptosign({KEY_OWNER.pubkey: CryptosignUser(authid="owner", role="user")}),
    ],
    roles=[
        Role(
            "user",
            [
                Permission("wamp.", "prefix", ["call", "subscribe"]),
                Permission("com.example.anonymous", allow=["publish"], disclose="deny"),
                Permission(
                    "com.example.disclosed.",
                    "prefix",
                    ["call", "register", "publish", "subscribe"],
                    disclose="force",
                ),
            ],
        )
    ],
)

app = WSocketApp(protocol="WAMP", realm=OPEN, realms=[COMPATIBLE, STRICT, SECURED])


@app.register("com.example.python.add")
def add(a, b):
    return a + b


@app.register("com.example.python.echo")
def echo(payload):
    return payload


@app.register("com.example.python.describe")
def describe(*args, **kwargs):
    return {"args": list(args), "kwargs": kwargs}


@app.register("com.example.python.fail")
def fail(*args, **kwargs):
    raise ApplicationError("com.example.error.refused", *args, **kwargs)


@app.register("com.example.python.crash")
def crash():
    raise ValueError("the procedure is broken")


@app.register("com.example.python.count")
def count(most):
    """Give every number up to *most* as a progressive result."""
    yield from range(1, most + 1)


@app.register("com.example.python.collect")
def collect(procedure, *args):
    """Call a client; the progressive results, and the last one."""
    pending = app.start_call(
        procedure, *args, options=CallOptions(receive_progress=True)
    )
    return [list(pending), pending.result(10)]


@app.register("com.example.python.bytes")
def some_bytes():
    return b"\x00\x80\xff"


@app.register("com.example.python.type_of")
def type_of(value):
    return type(value).__name__


@app.register("com.example.python.publish")
def publish(topic, payload):
    """Publish from inside a procedure."""
    app.publish(topic, payload, origin="python")


@app.register("com.example.python.call")
def call(procedure, payload):
    """Call back into a client from inside a procedure."""
    return app.call(procedure, payload, timeout=SECONDS)


@app.subscribe("com.example.to_python")
def to_python(*args, **kwargs):
    """Send every event back on another topic."""
    app.publish("com.example.from_python", *args, **kwargs)


@app.route("/")
def index(environ, start_response):
    return "HTTP works"


@app.route("/page")
def page(environ, start_response):
    """A page without anything but scripts, for a browser."""
    start_response(200, {"Content-Type": "text/html; charset=utf-8"})
    scripts = [f'<script src="{path}"></script>' for path in SCRIPTS]
    return f"<!doctype html><title>page</title>{''.join(scripts)}"


@app.route("/scripts/*")
def script(environ, start_response):
    start_response(200, {"Content-Type": "text/javascript; charset=utf-8"})
    return SCRIPTS[environ["PATH_INFO"]].open("rb")


@app.route("/call/*")
def call_from_http(environ, start_response):
    """Call the procedure named by the path with the ``text`` of the query."""
    procedure = environ["PATH_INFO"].removeprefix("/call/")
    text = parse_qs(environ["QUERY_STRING"]).get("text", [""])[0]
    start_response(200, {"Content-Type": "application/json"})
    return json.dumps(app.call(procedure, text, timeout=SECONDS))


@app.route("/publish/*")
def publish_from_http(environ, start_response):
    """Publish the ``text`` of the query to the topic named by the path."""
    text = parse_qs(environ["QUERY_STRING"]).get("text", [""])[0]
    app.publish(environ["PATH_INFO"].removeprefix("/publish/"), text)
    start_response(204)
    return ""


@app.route("/echo")
def plain_echo(environ, start_response):
    for message in environ["wsgi.websocket"]:
        environ["wsgi.websocket"].send(message)
