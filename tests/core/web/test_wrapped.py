"""What a wrapped application may say, whatever the server is."""

from __future__ import annotations

import logging

import pytest

from tests.core.web.wsgi import Answer, answering, begin
from wsocket import WSocketApp

HEADERS = [
    ("Connection", "keep-alive, X-Own"),
    ("X-Own", "1"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Type", "text/event-stream"),
]


def test_headers_about_the_connection_are_dropped(caplog):
    """They are the server's; some servers would fail. At DEBUG there is a line."""
    caplog.set_level("DEBUG")
    answer = Answer()
    app = WSocketApp(answering(iter([b"data"]), "200 OK", HEADERS))
    assert list(begin(app, answer, path="/events")) == [b"data"]
    assert (answer.status, answer.headers) == ("200 OK", dict(HEADERS[3:]))
    [record] = caplog.records
    assert record.levelno == logging.DEBUG
    assert "/events" in record.getMessage()
    assert "['Connection', 'X-Own', 'Transfer-Encoding']" in record.getMessage()


def test_error_handler_of_a_wrapped_application_replaces_the_head():
    """With exc_info, which is passed on (PEP 3333)."""

    def site(environ, start_response):
        start_response("200 OK", [("X-A", "1")])
        error = ValueError("late")
        start_response("503 Busy", HEADERS, (ValueError, error, None))
        return [b"sorry"]

    answer = Answer()
    assert list(begin(WSocketApp(site), answer)) == [b"sorry"]
    assert answer.status == "503 Busy"
    assert "X-A" not in answer.headers
    assert "Connection" not in answer.headers


def test_write_of_a_wrapped_application_sends_at_once():
    """It is the server's, behind ours."""

    def site(environ, start_response):
        start_response("200 OK", HEADERS)(b"one")
        return [b"two"]

    answer = Answer()
    rest = begin(WSocketApp(site), answer)
    assert (answer.items, list(rest)) == ([b"one"], [b"two"])


@pytest.mark.parametrize("name", ["Connection", "transfer-encoding", "Upgrade"])
def test_route_is_told_of_its_mistake(caplog, name):
    """It is one's own, and can be mended."""
    app, answer = WSocketApp(), Answer()
    app.route("/")(answering("x", 200, {name: "x"}))
    begin(app, answer)
    assert answer.status == "500 Internal Server Error"
    assert f"header {name!r} is hop-by-hop" in caplog.text


def test_websocket_of_a_wrapped_application_may_have_such_headers(caplog):
    """They go nowhere, and are no error there either."""
    app = WSocketApp(answering([], "200 OK", HEADERS))
    answer = Answer()
    begin(app, answer, HTTP_UPGRADE="websocket", SERVER_PROTOCOL="HTTP/1.0")
    assert answer.status == "200 OK"
