"""Wrong arguments of the kit's client: refused at once, in a sentence."""

from __future__ import annotations

import pytest

from wsocket.testing import Client, ticket


@pytest.mark.parametrize("open_it", ["get", "websocket", "events", "wamp", "join"])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"path": "x y"}, "path: expected a path such as '/page.*got 'x y'"),
        ({"path": ""}, "path: expected a path"),
        ({"path": "/x HTTP/1.1\r\nA: b"}, "path: .*without '#' and control"),
        ({"path": "/x#y"}, "path: .*without '#'"),
        ({"path": "/x\ty"}, "path: "),
        ({"path": b"/"}, "path: expected .*got bytes"),
        ({"headers": "x"}, "headers: expected a mapping"),
        ({"headers": {"A b": "c"}}, "headers: 'A b' is no name"),
        ({"headers": {"A\r\nB": "c"}}, "headers: .* is no name"),
        ({"headers": {"A": "b\r\nC: d"}}, r"headers\['A'\]: expected Latin-1"),
        ({"headers": {"A": "€"}}, r"headers\['A'\]: expected Latin-1"),
        ({"headers": {"A": 5}}, r"headers\['A'\]: expected a string"),
        ({"environ": "x"}, "environ: expected a mapping"),
    ],
)
def test_request_that_cannot_be_sent(client, open_it, options, expected):
    """Whatever is opened; nothing is sent."""
    request = {"path": "/", **options}
    with pytest.raises((TypeError, ValueError), match=expected):
        getattr(client, open_it)(**request)
    assert "nothing was said" in str(client.conversation)


@pytest.mark.parametrize(
    ("method", "options", "expected"),
    [
        ("request", {"method": "GET /x"}, "method: expected one such as 'GET'"),
        ("request", {"method": "G\r\nA"}, "method: expected one"),
        ("request", {"method": 5}, "method: expected a string"),
        ("request", {"method": "PUT", "body": 5}, "body: expected a string or bytes"),
        ("post", {"body": [1]}, "body: expected a string or bytes"),
        ("post", {"form": "a=b"}, "form: expected a mapping"),
        ("websocket", {"subprotocols": "wamp"}, "subprotocols: expected a list"),
        ("websocket", {"subprotocols": [5]}, "subprotocols: expected str"),
        ("websocket", {"subprotocols": ["a\r\nb"]}, "subprotocols: .*is no name"),
        ("join", {"auth": ticket}, r"auth: expected what ticket\(\.\.\.\) and its"),
        ("join", {"details": "x"}, "details: expected a mapping"),
    ],
)
def test_argument_of_one_method(client, method, options, expected):
    """With its name."""
    with pytest.raises((TypeError, ValueError), match=expected):
        getattr(client, method)(path="/", **options)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("a b", "c", "cookies: 'a b' is no name"),
        ("sid", "1; b=2", r"cookies\['sid'\]: .*control characters and ';'"),
        ("sid", "1\r\nA: b", r"cookies\['sid'\]: expected"),
        ("sid", 1, r"cookies\['sid'\]: expected a string"),
    ],
)
def test_cookie_that_cannot_be_sent(client, name, value, expected):
    """It was put there by the test."""
    client.cookies[name] = value
    with pytest.raises((TypeError, ValueError), match=expected):
        client.get("/")


@pytest.mark.parametrize("wrong", ["x", [1], 5, {1: "x"}])
def test_environ_of_a_client_is_a_mapping(app, wrong):
    """The sentence names the argument."""
    with pytest.raises(TypeError, match="environ"):
        Client(app, environ=wrong)


@pytest.mark.parametrize(
    "wait",
    [
        lambda ws: ws.receive(timeout="2"),
        lambda ws: ws.receive(timeout=-1),
        lambda ws: ws.receive(timeout=float("nan")),
        lambda ws: ws.receives_nothing(within="2"),
        lambda ws: ws.receives_nothing(within=float("inf")),
    ],
)
def test_seconds_are_seconds(client, wait):
    """Of waiting; none of these waits for ever."""
    with (
        client.websocket("/echo") as ws,
        pytest.raises((TypeError, ValueError), match="expected seconds"),
    ):
        wait(ws)


def test_target_of_options_may_be_a_star():
    """RFC 9112 section 3.2.4: the whole server is asked, and no path of it."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["REQUEST_METHOD"].encode()]

    with Client(app) as client:
        assert client.request("OPTIONS", "*").text == "OPTIONS"
