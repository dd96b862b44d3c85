"""HTTP requests of the kit's client."""

from __future__ import annotations

import json
import threading

import pytest

from tests.patience import SECONDS
from wsocket import WSocketApp
from wsocket.testing import Client, ConversationFailure


def reflecting(environ, start_response):
    """A WSGI application that says what it was asked."""
    size = int(environ.get("CONTENT_LENGTH") or 0)
    said = {
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"],
        "query": environ["QUERY_STRING"],
        "type": environ.get("CONTENT_TYPE"),
        "body": environ["wsgi.input"].read(size).decode(),
        "cookie": environ.get("HTTP_COOKIE"),
        "user": environ.get("REMOTE_USER"),
        "address": environ["REMOTE_ADDR"],
        "accept": environ.get("HTTP_ACCEPT"),
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(said).encode()]


def test_answer_has_status_headers_and_body(client):
    """Text is decoded in the charset of the answer."""
    answer = client.get("/")
    assert (answer.status, answer.reason) == (200, "OK")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body == "grüezi".encode()
    assert answer.text == "grüezi"


def test_path_and_query_arrive_as_they_were_written():
    """Spaces and umlauts of the path are encoded on the way, as browsers do."""
    with Client(reflecting) as client:
        said = client.get("/a b/ö?x=1&y=%20").json()
    assert said["path"].encode("latin-1").decode() == "/a b/ö"
    assert said["query"] == "x=1&y=%20"


@pytest.mark.parametrize(
    ("sent", "kind", "body"),
    [
        ({"body": "text"}, None, "text"),
        ({"body": b"bytes"}, None, "bytes"),
        ({"form": {"a": 1, "b": "x y"}}, "x-www-form-urlencoded", "a=1&b=x+y"),
        ({"json": {"a": [1]}}, "json", '{"a": [1]}'),
    ],
)
def test_post_sends_a_body(sent, kind, body):
    """A form and JSON have their content type."""
    with Client(reflecting) as client:
        said = client.post("/", **sent).json()
    assert said["body"] == body
    assert said["type"] == (kind and f"application/{kind}")


def test_post_with_two_bodies_is_refused(client):
    """The error says which arguments exclude each other."""
    with pytest.raises(TypeError, match="one of body, form and json"):
        client.post("/", form={}, json={})


def test_any_method_and_header_can_be_sent():
    """They reach the application unchanged."""
    with Client(reflecting) as client:
        said = client.request("PATCH", "/", headers={"Accept": "x/y"}).json()
    assert (said["method"], said["accept"]) == ("PATCH", "x/y")


def test_environ_is_added_to_every_request():
    """That of a request goes before that of the client."""
    with Client(reflecting, environ={"REMOTE_USER": "ann"}) as client:
        assert client.get("/").json()["user"] == "ann"
        more = {"REMOTE_USER": "bob", "REMOTE_ADDR": "192.0.2.7"}
        said = client.get("/", environ=more).json()
        assert (said["user"], said["address"]) == ("bob", "192.0.2.7")


def test_cookies_are_kept_and_sent():
    """Until the application deletes them."""
    app = WSocketApp(reflecting)

    @app.route("/login")
    def login(environ, start_response):
        start_response(204, [("Set-Cookie", "sid=1; Path=/"), ("Set-Cookie", "b=2")])
        return ""

    @app.route("/logout")
    def logout(environ, start_response):
        start_response(204, {"Set-Cookie": "sid=gone; Max-Age=0"})
        return ""

    with Client(app) as client:
        client.get("/login")
        assert client.get("/").json()["cookie"] == "sid=1; b=2"
        client.get("/logout")
        assert client.cookies == {"b": "2"}


def test_answer_in_parts_is_put_together():
    """Chunks of a generator are one body."""
    app = WSocketApp()

    @app.route("/")
    def parts(environ, start_response):
        start_response(200, {})
        yield b"a" * 100_000
        yield b"b"

    with Client(app) as client:
        assert client.get("/").body == b"a" * 100_000 + b"b"


def test_failing_view_is_an_answer(app, client, caplog):
    """The client gets 500, and the log has the traceback."""

    @app.route("/broken")
    def broken(environ, start_response):
        raise ValueError("oh no")

    assert client.get("/broken").status == 500
    assert "oh no" in caplog.text


def test_view_that_hangs_is_a_failure(app):
    """After the timeout; the message says where the view is."""
    hanging, over = threading.Event(), threading.Event()

    @app.route("/hang")
    def hang(environ, start_response):
        hanging.set()
        over.wait(SECONDS)
        start_response(204)
        return ""

    with Client(app, timeout=0.2) as client:
        with pytest.raises(ConversationFailure) as failure:
            client.get("/hang")
        over.set()
    assert hanging.is_set()
    message = str(failure.value)
    assert "no answer to GET /hang within 0.2 seconds" in message
    assert "test_http.py" in message
    assert "hang()" in message


def test_client_must_be_open(app):
    """Outside of a with block there is no loop to run the application."""
    with pytest.raises(RuntimeError, match="use it in a with block"):
        Client(app).get("/")


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        ("text/html", b"<h1>no</h1>", "200 OK, text/html, 11 bytes: '<h1>no</h1>'"),
        ("application/json", b"", "200 OK, application/json, 0 bytes: ''"),
        ("image/png", b"\x89PNG", r"200 OK, image/png, 4 bytes: b'\x89PNG'"),
        ("text/plain; charset=no-such", b"x", ": b'x'"),
        ("application/json", b"[" * 100_000, "(100002 characters)"),
    ],
)
def test_body_that_is_no_json_is_shown(kind, body, shown):
    """Who asks for its value sees what came, also where it is long or no text."""
    app = WSocketApp()

    @app.route("/")
    def page(environ, start_response):
        start_response(200, {"Content-Type": kind})
        return body

    with Client(app) as client:
        answer = client.get("/")
    with pytest.raises(ValueError, match="the answer's body is not JSON") as failure:
        answer.json()
    assert str(failure.value).endswith(shown)
    assert len(str(failure.value)) < 500


@pytest.mark.parametrize("wrong", [None, 1, "app"])
def test_client_needs_an_application(wrong):
    """The error says what was expected, and what came."""
    with pytest.raises(TypeError, match=f"WSGI application .*got {wrong!r}"):
        Client(wrong)
