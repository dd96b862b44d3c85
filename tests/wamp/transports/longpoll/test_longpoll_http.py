"""Long polling as a part of the app's HTTP: who may use it, and bad requests."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.wamp.raw_client import HELLO, REALM, ROLES, SECONDS, WELCOME
from tests.wamp.transports.longpoll.client import (
    BASE,
    Answer,
    LongPollClient,
    request,
)
from wsocket import LongPolling, WSocketApp

OFFER = json.dumps({"protocols": ["wamp.2.json"]})
PAGE = "https://page.example"


def cross(answer: Answer) -> dict[str, str | None]:
    """The headers that tell a browser what a page may do."""
    names = ("Origin", "Credentials", "Methods", "Headers")
    headers = {name: answer.headers[f"Access-Control-Allow-{name}"] for name in names}
    return {name: value for name, value in headers.items() if value is not None}


# Pages of other origins


@pytest.fixture
def shared(serve) -> str:
    """Where pages of one other origin are welcome."""
    return serve(allowed_origins=["https://*.example", "null"]).url


@pytest.mark.parametrize("origin", [PAGE, "null"])
@pytest.mark.parametrize("path", ["/open", "/some-id/receive", "/some-id/send"])
def test_preflight_of_an_allowed_origin(shared, origin, path):
    """JSON may be posted from there, with cookies."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = request(shared, BASE + path, method="OPTIONS", headers=headers)
    assert (answer.status, answer.body) == (204, b"")
    assert cross(answer) == {
        "Origin": origin,
        "Credentials": "true",
        "Methods": "POST",
        "Headers": "Content-Type",
    }
    assert answer.headers["Vary"] == "Origin"


def test_every_answer_to_an_allowed_origin_may_be_read(shared):
    """Errors too, or the page would not learn what is wrong."""
    allowed = {"Origin": PAGE, "Credentials": "true"}
    client = LongPollClient(shared, headers={"Origin": PAGE}).join()
    assert cross(client.opened) == allowed
    for answer in (
        client.post(f"{client.transport}/send", "[]"),
        client.poll(),
        client.post(f"{client.transport}/close"),
        client.post(f"{BASE}/open", "bad"),
    ):
        assert cross(answer) == allowed
        assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://page.example.evil", "http://page.example"])
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_foreign_origin_is_refused(shared, origin, method):
    """Its request has no effect: the user's cookies would log it in."""
    headers = {"Origin": origin}
    for path in ("/open", "/some-id/send"):
        answer = request(shared, BASE + path, OFFER, method=method, headers=headers)
        assert answer.status == 403
        assert "allowed_origins" in answer.text
        assert cross(answer) == {}


def test_foreign_origin_cannot_use_a_transport_that_it_knows(serve):
    """By default only pages of the same host may."""
    url = serve().url
    own = f"http://{urlsplit(url).netloc}"
    client = LongPollClient(url, headers={"Origin": own}).join()
    client.headers = {"Origin": PAGE}
    for action in ("send", "receive", "close"):
        assert client.post(f"{client.transport}/{action}", "[]").status == 403
    client.headers = {"Origin": own}
    client.leave()
    client.close()


def test_any_origin_may_be_allowed(serve):
    """It is echoed: with credentials browsers do not take a star."""
    url = serve(allowed_origins=["*"]).url
    answer = request(url, f"{BASE}/open", OFFER, headers={"Origin": PAGE})
    assert cross(answer) == {"Origin": PAGE, "Credentials": "true"}


# Bad requests


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "protocols"),
        ("protocols", "protocols"),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "missing required field `protocols`"),
        ('{"protocols": "wamp.2.json"}', "Expected `array`, got `str`"),
        ('{"protocols": ["wamp.2.json", 1]}', "Expected `str`, got `int`"),
        ('{"protocols": []}', "offer one of: wamp.2.json, wamp.2.msgpack"),
        ('{"protocols": ["wamp.1.json"]}', "offer one of: wamp.2.json, wamp.2.msgpack"),
        (b'{"protocols": ["\xff"]}', "protocols"),
        ("[" * 100_000, "protocols"),
    ],
)
def test_bad_open_is_told_what_was_expected(polled, body, problem):
    """400, with the field and what came."""
    answer = request(polled.url, f"{BASE}/open", body)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert problem in answer.text


@pytest.mark.parametrize("action", ["receive", "send"])
@pytest.mark.parametrize("transport", ["guess", "%E2%82%AC", "..", "open"])
def test_unknown_transport(polled, transport, action):
    """404 says what may have happened, and does not repeat the ID."""
    answer = request(polled.url, f"{BASE}/{transport}/{action}", "[]")
    assert answer.status == 404
    assert "no such transport" in answer.text
    assert "guess" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/", "/some-id", "/some-id/open", "/some-id/x", "/a/b/send", "/send", "//send"],
)
def test_unknown_path(polled, path):
    """404 says what there is."""
    answer = request(polled.url, BASE + path, "[]")
    assert answer.status == 404
    assert f"{BASE}/open" in answer.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/open", "/some-id/receive"])
def test_wrong_method(polled, method, path):
    """405 with what is allowed."""
    answer = request(polled.url, BASE + path, method=method)
    assert answer.status == 405
    assert answer.headers["Allow"] == "OPTIONS, POST"
    assert method in answer.text


def test_path_beside_the_base_is_for_the_routes(polled):
    """Only what is below the base path belongs to the transport."""
    for path in (BASE, f"{BASE}er/open"):
        answer = request(polled.url, path, OFFER)
        assert (answer.status, "no route" in answer.text) == (404, True)


def test_upgrade_request_is_refused(polled):
    """No websocket is opened below the base path, with WAMP or without."""
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for more in ({}, {"Sec-WebSocket-Protocol": "wamp.2.json"}):
        answer = request(
            polled.url, f"{BASE}/open", method="GET", headers={**headers, **more}
        )
        assert answer.status == 405
        assert "websockets" in answer.text


@pytest.mark.parametrize("action", ["open", "send"])
def test_large_body_is_refused_unread(serve, action):
    """413 comes before the body is sent; one of the very size is taken."""
    url = serve(max_message_size=1000).url
    client = LongPollClient(url).join()
    path = f"{BASE}/open" if action == "open" else f"{client.transport}/send"
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), SECONDS) as sock:
        sock.sendall(
            f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n".encode()
        )
        answer = sock.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"1001 bytes; at most 1000" in answer
    hello = json.dumps([48, 1, {}, "com.example.none", [""]])
    message = hello.replace('""', f'"{"x" * (1000 - len(hello))}"')
    assert len(message) == 1000
    client.send_data(message)
    assert client.receive()[4] == "wamp.error.no_such_procedure"


def test_body_without_a_length_is_refused(polled):
    """411: on some servers it would have no end."""
    connection = http.client.HTTPConnection(
        urlsplit(polled.url).netloc, timeout=SECONDS
    )
    connection.request("POST", f"{BASE}/open", iter([OFFER.encode()]))
    answer = connection.getresponse()
    assert answer.status == 411
    assert b"Content-Length" in answer.read()
    connection.close()


def test_body_that_ends_early_changes_nothing(polled):
    """Half a message is none; the session goes on."""
    client = LongPollClient(polled.url).join()
    address = urlsplit(polled.url)
    with socket.create_connection((address.hostname, address.port), SECONDS) as sock:
        sock.sendall(
            f"POST {client.transport}/send HTTP/1.1\r\nHost: a\r\n"
            "Content-Length: 100\r\n\r\n[48, 1".encode()
        )
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(65536).startswith(b"HTTP/1.1 400 ")
    client.finish()


def test_requests_share_a_connection(polled):
    """As browsers send them, refused ones between them."""
    connection = http.client.HTTPConnection(
        urlsplit(polled.url).netloc, timeout=SECONDS
    )

    def post(path: str, body: str) -> tuple[int, bytes]:
        connection.request("POST", path, body)
        response = connection.getresponse()
        return response.status, response.read()

    opened = json.loads(post(f"{BASE}/open", OFFER)[1])
    transport = f"{BASE}/{opened['transport']}"
    sock = connection.sock
    hello = json.dumps([HELLO, REALM, {"roles": ROLES}])
    assert post(f"{transport}/send", hello) == (204, b"")
    assert post(f"{BASE}/unknown/send", hello)[0] == 404
    status, body = post(f"{transport}/receive", "a body is ignored here")
    assert (status, json.loads(body)[0]) == (200, WELCOME)
    assert post(f"{transport}/close", "") == (204, b"")
    assert connection.sock is sock
    connection.close()


# Configuration


@pytest.mark.parametrize("base", ["", "/", "longpoll", "/longpoll/", "/longpoll*"])
def test_impossible_base_path(base):
    """Said when the app is made."""
    with pytest.raises(ValueError, match="such as '/longpoll'"):
        WSocketApp(protocol="WAMP", longpoll=base)


@pytest.mark.parametrize(
    ("settings", "error", "named"),
    [
        ({"path": 5}, TypeError, "LongPolling.path"),
        ({"path": "/longpoll/"}, ValueError, "'/longpoll'"),
        ({"poll_timeout": 0}, ValueError, "LongPolling.poll_timeout"),
        ({"poll_timeout": "10"}, TypeError, "LongPolling.poll_timeout"),
        ({"poll_pause": float("inf")}, ValueError, "LongPolling.poll_pause"),
    ],
)
def test_wrong_setting_is_named(settings, error, named):
    """It is refused when the settings are made."""
    with pytest.raises(error, match=named):
        LongPolling(**{"path": "/longpoll", **settings})


def test_settings_have_defaults():
    """A path alone means the same as `LongPolling` with that path."""
    assert LongPolling("/lp") == LongPolling("/lp", poll_timeout=10.0, poll_pause=30.0)


def test_long_polling_needs_a_router():
    """Said when the app is made."""
    with pytest.raises(ValueError, match=r'longpoll: .*protocol="WAMP"'):
        WSocketApp(longpoll="/longpoll")


def test_it_is_off_by_default_and_anywhere_if_asked_for(serve):
    """An app without it knows nothing below the path."""
    app = WSocketApp(protocol="WAMP", longpoll="/a/b")
    started: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a/b/open"}
    app(environ, lambda status, *rest: started.append(status))
    plain = WSocketApp(protocol="WAMP")
    plain(environ, lambda status, *rest: started.append(status))
    assert started == ["405 Method Not Allowed", "200 OK"]
