"""Requests that are wrong: each gets a problem that says what was expected."""

from __future__ import annotations

import http.client
import json
import re
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.patience import SECONDS
from tests.serving import serving
from tests.wamp.apps.bridge import TOKEN
from tests.wamp.bridge.http import post, problem
from tests.wamp.raw_client import connected
from tests.wamp.transports.longpoll.client import request
from wsocket import Bridge, WSocketApp

CALL, PUBLISH, EVENTS = "/wamp/call", "/wamp/publish", "/wamp/events"
DOCS = Path(__file__).resolve().parents[3] / "docs" / "bridge.md"
ROW = re.compile(r"^\| (\d{3}) \| (.*) \|$", re.MULTILINE)
DOCUMENTED = [
    (int(status), error)
    for status, errors in ROW.findall(DOCS.read_text())
    for error in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", errors)
]


# Python 3.13 reads on, and finds no end.
DEEP = "too deeply" if sys.version_info < (3, 13) else "truncated"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (PUBLISH, b"", "truncated"),
        (PUBLISH, b"{", "truncated"),
        (PUBLISH, b'{"topic": "a.b", }', "byte 17"),
        (PUBLISH, b"[]", "Expected `object`, got `array`"),
        (PUBLISH, b"{}", "missing required field `topic`"),
        (PUBLISH, b'{"topic": 7}', "Expected `str`, got `int` - at `$.topic`"),
        (PUBLISH, b'{"topic": "a.b", "arg": []}', "unknown field `arg`"),
        (PUBLISH, b'{"topic": "a.b", "args": {}}', "args: expected a list"),
        (PUBLISH, b'{"topic": null}', "Expected `str`, got `null` - at `$.topic`"),
        (PUBLISH, b'{"topic": "a.b", "args": "null"}', "args: expected a list"),
        (PUBLISH, b'{"topic": "a.b", "args": 5}', "args: expected a list"),
        (PUBLISH, b'{"topic": "a.b", "kwargs": []}', "kwargs: expected a dict"),
        (PUBLISH, b'{"topic": "a.b", "options": {"retain": 1}}', "$.options.retain"),
        (PUBLISH, b'{"topic": "a.b", "args": ["\xff"]}', "0xff at position 27"),
        (PUBLISH, b'{"topic": "a.b", "args": [nul]}', "byte"),
        (PUBLISH, b'{"topic": "a.b", "args": ' + b"[" * 9000, DEEP),
        (CALL, b'{"procedure": "a.b", "timeout": 0}', "$.timeout"),
        (CALL, b'{"procedure": "a.b", "timeout": "1"}', "$.timeout"),
        (CALL, b'{"procedure": "a.b", "options": {"progress": true}}', "progress"),
        (
            CALL,
            b'{"procedure": "a.b", "options": {"receive_progress": true}}',
            "receive_progress",
        ),
        (CALL, b'{"topic": "a.b"}', "unknown field `topic`"),
    ],
)
def test_body_that_is_not_what_is_expected(bridged, path, body, expected):
    """The answer names the place, as far as there is one."""
    answer = post(bridged.http(), path, body)
    assert answer.status == 400
    assert expected in problem(answer)["detail"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "topic: expected a URI"),
        ("?", "topic: expected a URI"),
        ("?match=prefix", "topic: expected a URI"),
        ("?topic=a.b&match=suffix", "expected one of exact, prefix, wildcard"),
        ("?topic=a.b&get_retained=yes", "expected true or false"),
        ("?topic=a.b&topic=c.d", "each once"),
        ("?topic=a.b&token=x", "'token'"),
        ("?topic", "malformed"),
        ("?topic=%ff", "malformed"),
        ("?" + "&".join(["topic=a.b"] * 11), "malformed"),
    ],
)
def test_query_that_is_not_what_is_expected(bridged, query, expected):
    """No stream is opened."""
    answer = request(bridged.http(), f"{EVENTS}{query}", method="GET")
    assert answer.status == 400
    assert expected in problem(answer)["detail"]


@pytest.mark.parametrize("value", ["x", "-1", "0", "1.5", "9" * 16, "9" * 400])
def test_last_event_id_that_is_none(bridged, value):
    """It is not taken for a stream without one: events would be missing."""
    headers = {"Last-Event-ID": value}
    path = f"{EVENTS}?topic=com.open.x"
    answer = request(bridged.http(), path, method="GET", headers=headers)
    assert answer.status == 400
    assert "Last-Event-ID: expected the ID" in problem(answer)["detail"]


@pytest.mark.parametrize("topic", ["", "a..b", "a.#", "a b"])
def test_uri_that_is_none(bridged, topic):
    """The router refuses it, as that of any client."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = post(bridged.http(), PUBLISH, {"topic": topic}, headers=headers)
    assert answer.status == 400
    assert problem(answer)["error"] == "wamp.error.invalid_uri"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", PUBLISH, "POST"),
        ("PUT", CALL, "POST"),
        ("DELETE", CALL, "POST"),
        ("POST", EVENTS, "GET"),
        ("HEAD", EVENTS, "GET"),
    ],
)
def test_wrong_method_is_told_the_right_one(bridged, method, path, allowed):
    """In the header Allow (RFC 9110 section 15.5.6)."""
    answer = request(bridged.http(), path, method=method)
    assert answer.status == 405
    assert answer.headers["Allow"] == f"OPTIONS, {allowed}"


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "json"]
)
def test_body_that_is_not_said_to_be_json(bridged, media_type):
    """A form of another page can send these without asking the user."""
    headers = {"Content-Type": media_type}
    answer = request(bridged.http(), PUBLISH, b'{"topic": "a.b"}', headers=headers)
    assert answer.status == 415
    assert answer.headers["Accept-Post"] == "application/json"


def test_media_type_may_have_a_charset(bridged):
    """It is UTF-8 anyway (RFC 8259 section 8.1)."""
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    body = b'{"topic": "com.open.x"}'
    assert request(bridged.http(), PUBLISH, body, headers=headers).status == 200


def test_large_body_is_refused_before_it_is_read(bridged):
    """By its length alone."""
    netloc = urlsplit(bridged.http()).netloc
    connection = http.client.HTTPConnection(netloc, timeout=SECONDS)
    connection.putrequest("POST", PUBLISH)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "10001")
    connection.endheaders()
    with connection.getresponse() as response:
        assert response.status == 413
        assert b"at most 10000" in response.read()
    connection.close()


def test_other_paths_are_not_found(bridged):
    """The answer says which there are."""
    answer = request(bridged.http(), "/wamp/subscribe", b"")
    assert answer.status == 404
    assert "/wamp/publish, /wamp/call and /wamp/events" in problem(answer)["detail"]


def test_page_of_another_origin_is_refused(serve):
    """Its request has no effect; an allowed page may read the answer."""
    events = []
    app, url = serve({"allowed_origins": ["https://good.example"]})
    app.subscribe("com.open.x")(lambda text: events.append(text))
    body = {"topic": "com.open.x", "args": ["hello"]}
    evil = post(url, PUBLISH, body, headers={"Origin": "https://evil.example"})
    assert evil.status == 403
    assert "Access-Control-Allow-Origin" not in evil.headers
    good = post(url, PUBLISH, body, headers={"Origin": "https://good.example"})
    assert good.status == 200
    assert good.headers["Access-Control-Allow-Origin"] == "https://good.example"
    deadline = time.monotonic() + SECONDS
    while not events and time.monotonic() < deadline:
        time.sleep(0.01)
    assert events == ["hello"]


@pytest.mark.parametrize(("path", "method"), [(PUBLISH, "POST"), (EVENTS, "GET")])
def test_preflight_request_is_answered(bridged, path, method):
    """For the page's own origin it allows what a page needs."""
    headers = {"Origin": bridged.http("").rstrip("/")}
    answer = request(bridged.http(), path, method="OPTIONS", headers=headers)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Methods"] == method
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Origin"] == headers["Origin"]


def test_table_in_the_docs_has_rows():
    """The next test is about them."""
    assert len(DOCUMENTED) > 20


@pytest.mark.parametrize(("status", "error"), DOCUMENTED)
def test_documented_status_is_that_of_the_error(bridged, status, error):
    """Whoever raises it."""
    body = {"procedure": "com.open.fail", "args": [error]}
    answer = post(bridged.http(), CALL, body)
    assert (answer.status, problem(answer)["error"]) == (status, error)


def test_procedure_that_nobody_has_is_not_found(bridged):
    """The router's own error."""
    answer = post(bridged.http(), CALL, {"procedure": "com.open.nothing"})
    assert answer.status == 404


def test_call_that_takes_too_long_is_canceled(bridged, uri, beside):
    """The callee is told, after the seconds that the request allows."""
    with connected(bridged.ws()) as callee:
        features = {"features": {"call_canceling": True}}
        callee.join(roles={"callee": features})
        callee.register(uri)
        body = {"procedure": uri, "timeout": 0.2}
        answer = beside(post, bridged.http(), CALL, body)
        request_id = callee.invoked()[0]
        assert callee.receive()[:2] == [69, request_id]  # INTERRUPT
    assert answer.result().status == 504
    assert problem(answer.result())["error"] == "wamp.error.timeout"


def test_client_that_hangs_up_cancels_its_call(bridged, uri):
    """Long before the timeout."""
    with connected(bridged.ws()) as callee:
        features = {"features": {"call_canceling": True}}
        callee.join(roles={"callee": features})
        callee.register(uri)
        body = json.dumps({"procedure": uri}).encode()
        head = f"POST {CALL} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        address = urlsplit(bridged.http())
        with socket.create_connection((address.hostname, address.port)) as sock:
            sock.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            request_id = callee.invoked()[0]
        assert callee.receive()[:2] == [69, request_id]  # INTERRUPT


def test_requests_beyond_the_limit_are_refused_at_once(serve, uri, beside):
    """And there is room again when one of those that wait has been answered."""
    _, url = serve(max_requests=1)
    with connected(url) as callee:
        callee.join()
        callee.register(uri)
        waiting = beside(post, url, CALL, {"procedure": uri})
        request_id = callee.invoked()[0]
        refused = post(url, PUBLISH, {"topic": uri})
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        assert "Bridge.max_requests, 1" in problem(refused)["detail"]
        callee.send(70, request_id, {})
        assert waiting.result().status == 200
        assert post(url, PUBLISH, {"topic": uri}).status == 200


def test_request_whose_session_is_killed_is_answered(serve, uri, beside):
    """With the reason; it may be sent again."""
    app, url = serve()
    with connected(url) as callee:
        callee.join()
        callee.register(uri)
        waiting = beside(post, url, CALL, {"procedure": uri})
        callee.invoked()
        reason = "com.example.maintenance"
        app.call("wamp.session.kill_by_authrole", "anonymous", reason=reason)
        answer = waiting.result(SECONDS)
    assert (answer.status, problem(answer)["error"]) == (503, reason)


def test_requests_that_wait_are_answered_when_the_application_closes(uri, beside):
    """With 503: another server may do it."""
    app = WSocketApp(protocol="WAMP", bridge=Bridge())
    with serving(app) as url, connected(url) as callee:
        callee.join()
        callee.register(uri)
        waiting = beside(post, url, CALL, {"procedure": uri})
        callee.invoked()
        app.close()
        answer = waiting.result(SECONDS)
    assert answer.status == 503
