"""Mistakes that show only when somebody comes: the log and the answer name them."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import closing
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import websocket

from tests.interop.sessions import join, within
from tests.patience import SECONDS
from tests.serving import serving
from tests.wamp.raw_client import WELCOME
from wsocket import PayloadError, Permission, Realm, Role, WSocketApp
from wsocket.wamp.auth import Anonymous, WebLogin

OTHER = "https://other.example"


def get(url: str, **headers: str) -> tuple[int, str]:
    """The status and the body of an answer, whatever they are."""
    request = Request(url.replace("ws:", "http:"), headers=headers)
    try:
        with urlopen(request, timeout=SECONDS) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def refused(url: str, **options) -> str:
    """The body of the answer to a websocket that is refused with 403."""
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        websocket.create_connection(url, timeout=SECONDS, **options)
    assert caught.value.status_code == 403
    return caught.value.resp_body.decode()


def warnings(caplog) -> list[str]:
    """The warnings that were logged."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.WARNING
    ]


# Handlers


@pytest.mark.parametrize(
    ("returned", "body", "advice"),
    [
        (("not found", 404), "not found404", "start_response(404)"),
        (("x", "404 Not Found"), "x404 Not Found", "start_response('404 Not Found')"),
        (("x", 201, {"A": "b"}), "x201{'A': 'b'}", "start_response(201)"),
        ({"a": 1}, "a", "json.dumps"),
        (("x", {"X": "y"}), "x{'X': 'y'}", "start_response(200, {...})"),
        (("x", "404"), "x404", "start_response('404')"),
        ((404, "x"), "404x", "start_response(404)"),
        (("x", HTTPStatus.GONE), f"x{HTTPStatus.GONE!s}", "start_response(410)"),
        (404, "404", "start_response(404)"),
    ],
    ids=[
        *("tuple", "text", "triple", "dict", "headers", "digits", "first", "enum"),
        "number",
    ],
)
def test_a_habit_of_other_frameworks_is_warned_of_once(caplog, returned, body, advice):
    """In debug mode; the answer stays what is documented: items of the body."""
    app = WSocketApp(debug=True)

    @app.route("/page")
    def page(environ, start_response):
        return returned

    with serving(app) as url:
        answers = [get(url + "page") for _ in range(3)]
    assert answers == [(200, body)] * 3
    [warning] = warnings(caplog)
    assert "page returned " in warning
    assert advice in warning


@pytest.mark.parametrize(
    ("returned", "debug"),
    [
        (("not found", 404), False),
        ({"a": 1}, False),
        (("Hello ", b"World", 2020), True),
        (("a", 5), True),
        ({"Hello ": None, "World!": None}, True),
        (["not found", 404], True),
        (2020, True),
    ],
    ids=range(7),
)
def test_iterables_are_not_warned_of(caplog, returned, debug):
    """Outside debug mode nothing is, and what is documented never is."""
    app = WSocketApp(debug=debug)
    app.route("/page")(lambda environ, start_response: returned)
    with serving(app) as url:
        assert get(url + "page")[0] == 200
    assert warnings(caplog) == []


def test_a_handler_that_returns_a_coroutine_fails(caplog):
    """Its repr would be no answer; the error says what to do."""

    async def work():
        """Never awaited."""

    app = WSocketApp(debug=True)
    app.route("/page")(lambda environ, start_response: work())
    with serving(app) as url:
        status, body = get(url + "page")
    assert status == 500
    assert "returned a coroutine, which nobody here awaits" in body


@pytest.mark.parametrize("generator", [False, True], ids=["function", "generator"])
def test_a_websocket_handler_that_gets_an_http_request(caplog, generator):
    """The client's request is the wrong one: 426, and no traceback in the log."""
    app = WSocketApp()

    @app.route("/echo")
    def echo(environ, start_response):
        for message in environ["wsgi.websocket"]:
            environ["wsgi.websocket"].send(message)

    @app.route("/stream")
    def stream(environ, start_response):
        yield from environ["wsgi.websocket"]

    with serving(app) as url:
        status, body = get(url + ("stream" if generator else "echo"))
        with closing(websocket.create_connection(url + "echo")) as client:
            client.send("hello")
            assert client.recv() == "hello"
    assert status == 426
    assert "environ.get('wsgi.websocket')" in body
    assert "Traceback" not in caplog.text


def test_other_missing_keys_are_errors(caplog):
    """Only that of websockets is explained."""
    app = WSocketApp()
    app.route("/page")(lambda environ, start_response: environ["HTTP_X_NAME"])
    with serving(app) as url:
        assert get(url + "page")[0] == 500
    assert "KeyError: 'HTTP_X_NAME'" in caplog.text


# Origins


@pytest.mark.parametrize(
    ("host", "origin", "cause"),
    [
        ("backend:8080", "https://example.com", "proxy_set_header Host $http_host;"),
        ("example.com", "https://example.com:8443", "the hosts are the same"),
        ("example.com", OTHER, f"allowed_origins=['{OTHER}']"),
        ("example.com", "null", "a page that was opened as a file"),
    ],
    ids=["host", "port", "page", "file"],
)
def test_a_refused_origin_is_logged_with_its_cause(caplog, host, origin, cause):
    """Both values, and what to do about it."""
    with serving(WSocketApp()) as url:
        refused(url, origin=origin, host=host)
    [warning] = warnings(caplog)
    assert f"Origin '{origin}' does not fit Host '{host}'" in warning
    assert cause in warning


def test_many_refused_origins_do_not_fill_the_log(caplog):
    """Somebody's page may try again and again; long lines are cut."""
    with serving(WSocketApp()) as url:
        for _ in range(5):
            refused(url, origin="https://" + "x" * 5000)
    [warning] = warnings(caplog)
    assert len(warning) < 1000


def test_a_page_without_an_origin_is_told_so(caplog):
    """And the log says nothing of proxies, which cannot be the cause."""
    with serving(WSocketApp()) as url:
        answer = refused(url, origin="null", host="example.com")
    assert "It is that of a page that was opened as a file" in answer
    assert "proxy" not in "".join(warnings(caplog))


@pytest.mark.parametrize("path", ["longpoll/open", "wamp/events?topic=com.example"])
def test_a_refused_origin_of_an_http_request_is_logged(caplog, path):
    """Browsers show as little of that."""
    app = WSocketApp(protocol="WAMP", longpoll="/longpoll", bridge="/wamp")
    with serving(app) as url:
        assert get(url + path, Origin=OTHER)[0] == 403
    [warning] = warnings(caplog)
    assert f"Origin '{OTHER}'" in warning


# Logins


def welcome(url: str) -> list:
    """What the router answers to HELLO."""
    client = websocket.create_connection(
        url, timeout=SECONDS, subprotocols=["wamp.2.json"]
    )
    with closing(client):
        client.send('[1, "realm1", {"roles": {"caller": {}}}]')
        return json.loads(client.recv())


def test_a_visitor_who_is_not_logged_in_is_told_so():
    """Not only which methods the realm has."""
    realm = Realm("realm1", auth=[WebLogin(lambda environ: None)])
    with serving(WSocketApp(protocol="WAMP", realm=realm)) as url:
        code, details, reason = welcome(url)
    assert (code, reason) == (3, "wamp.error.no_matching_auth_method")
    assert "this realm has cookie" in details["message"]
    assert "login did not recognise this visitor" in details["message"]


def test_a_login_with_an_unknown_role_is_warned_of_once(caplog):
    """Its session may do nothing, and nobody would know why."""
    realm = Realm(
        "realm1",
        auth=[WebLogin(lambda environ: ("ada", "usr"))],
        roles=[Role("user", [Permission("com.", match="prefix", allow=["call"])])],
    )
    with serving(WSocketApp(protocol="WAMP", realm=realm)) as url:
        assert [welcome(url)[0] for _ in range(3)] == [WELCOME] * 3
    [warning] = warnings(caplog)
    assert "'ada' (cookie)" in warning
    assert "'usr'" in warning
    assert "did you mean 'user'" in warning


def test_known_roles_are_not_warned_of(caplog):
    """Neither is any role where an authorizer decides."""
    roles = [Role("guest")]
    ruled = Realm("realm1", auth=[Anonymous("guest")], roles=roles)
    asking = Realm(
        "realm1",
        auth=[WebLogin(lambda environ: ("ada", "usr"))],
        roles=roles,
        authorizer=lambda request: True,
    )
    for realm in (ruled, asking):
        with serving(WSocketApp(protocol="WAMP", realm=realm)) as url:
            assert welcome(url)[0] == WELCOME
    assert warnings(caplog) == []


# Payloads


def json_subscriber(url: str, topic: str) -> websocket.WebSocket:
    """A client that has subscribed to *topic*, and speaks JSON."""
    client = websocket.create_connection(
        url, timeout=SECONDS, subprotocols=["wamp.2.json"]
    )
    client.send('[1, "realm1", {"roles": {"subscriber": {}}}]')
    client.recv()
    client.send(f'[32, 1, {{}}, "{topic}"]')
    client.recv()
    return client


def test_the_caller_of_a_procedure_learns_what_it_cannot_return():
    """Which part of the result, and what may be there."""
    app = WSocketApp(protocol="WAMP")
    app.register("com.example.broken")(lambda: {"when": [1, 2j]})

    async def scenario(url):
        async with join(url) as session:
            with pytest.raises(Exception, match="complex has no form") as caught:
                await within(session.call("com.example.broken"))
            [text] = caught.value.args
            assert text.startswith("args[0]['when'][1]: not serializable as json: ")
            assert "allowed are None, bool, int, float, str, bytes" in text

    with serving(app) as url:
        asyncio.run(scenario(url))


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({(1, 2): 1}, "args[0]"),
        ({"a": [{None: 1}]}, "args[0]['a'][0]"),
        ({b"k": 1}, "args[0]"),
        ({True: 1}, "args[0]"),
    ],
    ids=["tuple", "None", "bytes", "bool"],
)
def test_an_event_with_keys_that_nobody_can_have_is_refused(value, place):
    """At once, with the place in it, and what may be there."""
    app = WSocketApp(protocol="WAMP")
    with pytest.raises(PayloadError) as caught:
        app.publish("com.example.told", value)
    problem = str(caught.value)
    assert problem.startswith(f"{place}: not serializable as msgpack: ")
    assert problem.endswith("keys are supported; write the keys as str")


def test_an_event_that_json_cannot_have_is_logged(caplog):
    """With its topic, the place in it, and what may be there; others are delivered."""
    app = WSocketApp(protocol="WAMP")
    topic = "com.example.told"
    with serving(app) as url, closing(json_subscriber(url, topic)) as client:
        app.publish(topic, [1, float("nan")])
        app.publish(topic, "fine")
        assert json.loads(client.recv())[4] == ["fine"]
    [warning] = warnings(caplog)
    beginning = f"an event of '{topic}' is not delivered to some json sessions: "
    assert warning.startswith(f"{beginning}args[0][1]: ")
    assert "nan has no form" in warning
    assert "finite numbers" in warning


def test_a_large_event_that_json_cannot_have_is_logged_without_the_place(caplog):
    """To look for it would keep everybody waiting."""
    app = WSocketApp(protocol="WAMP")
    topic = "com.example.large"
    with serving(app) as url, closing(json_subscriber(url, topic)) as client:
        app.publish(topic, "x" * 5000, float("nan"))
        app.publish(topic, "fine")
        assert json.loads(client.recv())[4] == ["fine"]
    [warning] = warnings(caplog)
    assert "sessions: not serializable as json: nan has no form" in warning
