"""What docs/framework.md and docs/wamp.md say to authors of sites, tried."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import flask
import pytest
import websocket
from websocket import create_connection

from tests.patience import SECONDS
from tests.serving import serving
from tests.test_snippets import snippet
from wsocket import Permission, Realm, Role, WSocketApp
from wsocket.wamp.auth import WebLogin

HELLO, WELCOME, GOODBYE, CALL, RESULT = 1, 2, 6, 48, 50
SUBSCRIBE, SUBSCRIBED, EVENT = 32, 33, 36


class Wamp:
    """A WAMP session with JSON; messages are lists."""

    def __init__(self, url: str, *, cookie: str | None = None) -> None:
        self.websocket = create_connection(
            url, subprotocols=["wamp.2.json"], timeout=SECONDS, cookie=cookie
        )
        roles = {"caller": {}, "subscriber": {}}
        assert self.ask(HELLO, "realm1", {"roles": roles})[0] == WELCOME

    def ask(self, *message: Any) -> list[Any]:
        """Send a message, and receive the next one."""
        self.websocket.send(json.dumps(message))
        return self.receive()

    def receive(self) -> list[Any]:
        message: list[Any] = json.loads(self.websocket.recv())
        return message


@contextlib.contextmanager
def joined(url: str, **options: Any) -> Iterator[Wamp]:
    session = Wamp(url, **options)
    with contextlib.closing(session.websocket):
        yield session


def fetched(request: Request) -> bytes:
    """The body of the response."""
    with urlopen(request, timeout=SECONDS) as response:
        return bytes(response.read())


def run_snippet(path: str, mark: str, **names: Any) -> SimpleNamespace:
    """The names that a piece of the documentation defines."""
    defined: dict[str, Any] = {"__name__": "site", **names}
    exec(snippet(path, "python", mark), defined)
    return SimpleNamespace(**defined)


@pytest.fixture
def site() -> flask.Flask:
    return flask.Flask("site")


def test_a_websocket_view_in_flask(site):
    """With ``websocket=True`` in its route."""
    run_snippet("docs/framework.md", '@site.route("/echo", websocket=True)', site=site)
    with serving(WSocketApp(site)) as url:
        client = create_connection(f"{url}echo", timeout=SECONDS)
        with contextlib.closing(client):
            client.send("hello")
            assert client.recv() == "hello"


def test_a_view_in_flask_that_is_for_http_closes_the_websocket(site):
    """As the documentation warns."""
    site.route("/echo")(lambda: "for HTTP")
    with serving(WSocketApp(site)) as url:
        client = create_connection(f"{url}echo", timeout=SECONDS)
        opcode, reason = client.recv_data()
        client.shutdown()
    assert opcode == websocket.ABNF.OPCODE_CLOSE
    assert int.from_bytes(reason[:2], "big") == 1008


def test_a_router_inside_a_site(site):
    """The site is what the server gets."""
    app = run_snippet(
        "docs/framework.md", "site.wsgi_app = app = ", site=site, WSocketApp=WSocketApp
    ).app
    site.route("/")(lambda: "the site")
    app.register("com.example.add")(lambda a, b: a + b)
    with contextlib.closing(app), serving(site) as url:
        assert fetched(Request(url.replace("ws", "http", 1))) == b"the site"
        with joined(url) as session:
            assert session.ask(CALL, 1, {}, "com.example.add", [2, 3])[3] == [5]


def test_an_application_factory():
    """Each site has a router, which its views find."""
    create_app = run_snippet("docs/framework.md", "def create_app").create_app
    one, other = create_app(), create_app()
    routers = [each.extensions["wsocket"] for each in (one, other)]
    with (
        contextlib.closing(routers[0]),
        contextlib.closing(routers[1]),
        serving(one) as url,
        joined(url) as session,
    ):
        assert session.ask(CALL, 1, {}, "com.example.add", [2, 3])[3] == [5]
        subscribed = session.ask(SUBSCRIBE, 2, {}, "com.example.news")
        assert subscribed[0] == SUBSCRIBED
        routers[1].publish("com.example.news", "of another site")
        request = Request(f"{url.replace('ws', 'http', 1)}news", method="POST")
        assert fetched(request) == b"published"
        event = session.receive()
        assert (event[0], event[4]) == (EVENT, ["it happened"])


def logged_in_as(environ: dict[str, Any]) -> tuple[str, str] | None:
    """The site's login: the cookie is the name."""
    name = environ.get("HTTP_COOKIE", "").removeprefix("user=")
    return (name, "user") if name else None


def app_for(*permissions: Permission) -> WSocketApp:
    """An application in which users of the site may do this."""
    roles = [Role("user", list(permissions))]
    return WSocketApp(
        protocol="WAMP",
        realm=Realm("realm1", auth=[WebLogin(logged_in_as)], roles=roles),
    )


@pytest.mark.parametrize(("disclose", "known"), [("force", "joe"), ("allow", None)])
def test_a_procedure_knows_who_calls_where_that_is_disclosed(disclose, known):
    """The client has not asked for it."""
    app = app_for(
        Permission(
            "com.example.orders.", match="prefix", allow=["call"], disclose=disclose
        )
    )
    app.register("com.example.orders.whose")(lambda *, details: details.caller_authid)
    with serving(app) as url, joined(url, cookie="user=joe") as session:
        answer = session.ask(CALL, 1, {}, "com.example.orders.whose")
        assert answer[0] == RESULT
        assert answer[3:] == ([[known]] if known else [])


def test_logging_out_ends_the_sessions_of_that_user():
    """Those of others go on."""
    app = app_for(Permission("com.example.", match="prefix", allow=["subscribe"]))
    with (
        serving(app) as url,
        joined(url, cookie="user=joe") as joe,
        joined(url, cookie="user=ann") as ann,
    ):
        run_snippet("docs/wamp.md", "kill_by_authid", app=app, name="joe")
        assert joe.receive()[::2] == [GOODBYE, "com.example.logged_out"]
        assert ann.ask(SUBSCRIBE, 1, {}, "com.example.topic")[0] == SUBSCRIBED
