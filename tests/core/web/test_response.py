"""What a handler says, and what becomes of its errors."""

from __future__ import annotations

import io
import logging
from functools import partial
from wsgiref.util import FileWrapper

import flask
import gevent
import pytest
from werkzeug.test import run_wsgi_app

from tests.core.web.wsgi import (
    HTML,
    Answer,
    Closable,
    answering,
    ask,
    begin,
    environ_for,
)
from wsocket.core.web.views import respond
from wsocket.errors import RequestError, ResponseAborted

# start_response


@pytest.mark.parametrize(
    ("start", "status"),
    [
        ((), "200 OK"),
        ((200,), "200 OK"),
        (("200",), "200 OK"),
        (("200 OK",), "200 OK"),
        (("418 Short and stout",), "418 Short and stout"),
    ],
)
def test_status_may_be_said_in_every_documented_way(start, status):
    """The reason is found when it is missing."""

    def handler(environ, start_response):
        start_response(*start)
        return "x"

    assert ask(handler).status == status


@pytest.mark.parametrize("headers", [{"X-A": "1"}, [("X-A", "1")]])
def test_headers_may_be_a_dict_or_a_list(headers):
    """The basic headers are added to them."""
    answer = ask(answering("x", 200, headers))
    basic = {"Content-Type": HTML, "Content-Length": "1"}
    assert answer.headers == {"X-A": "1", **basic}


def test_headers_of_the_handler_are_not_overridden():
    """Whatever the case of their names."""
    given = {"content-type": "text/plain", "content-length": "1"}
    assert ask(answering("x", 200, given)).headers == given


def test_argument_of_the_handler_is_left_alone():
    """The list belongs to the handler."""
    headers = [("X-A", "1")]
    ask(answering("x", 200, headers))
    assert headers == [("X-A", "1")]


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        ((99,), "status 99 must be a code"),
        ((200, {"X A": "1"}), "header name 'X A'"),
        ((200, {"X-A": "1\r\n"}), "header 'X-A'"),
        ((200, {"Connection": "close"}), "header 'Connection' is hop-by-hop"),
        ((200, {"Content-Length": "5"}), "'Content-Length' is 5 but the body has 1"),
        ((200, {"Content-Type": "text/plain; charset=none"}), "unknown encoding: none"),
    ],
)
def test_wrong_head_is_an_error_that_names_the_offender(start, problem, caplog):
    """The client gets a 500 and the log the message."""
    assert ask(answering("x", *start)).status == "500 Internal Server Error"
    assert problem in caplog.text


def test_second_start_response_is_an_error(caplog):
    """PEP 3333 allows it with exc_info only."""

    def handler(environ, start_response):
        start_response(200)
        start_response(404)

    assert ask(handler).status.startswith("500")
    assert "start_response was called twice" in caplog.text


def test_exc_info_replaces_what_was_set_before():
    """That is how WSGI applications report errors."""

    def handler(environ, start_response):
        start_response("200 OK", [("X-A", "1")])
        try:
            raise ValueError("late")
        except ValueError as error:
            exc_info = (type(error), error, error.__traceback__)
            start_response("503 Busy", [("Content-Type", "text/plain")], exc_info)
        return [b"sorry"]

    answer = ask(handler)
    assert answer.status == "503 Busy"
    assert "X-A" not in answer.headers


def test_exc_info_raises_when_the_head_has_been_sent(caplog):
    """It is too late to change the status."""

    def handler(environ, start_response):
        yield "begun"
        error = ValueError("late")
        start_response(500, [], (ValueError, error, None))

    chunks = iter(begin(handler))
    assert next(chunks) == b"begun"
    with pytest.raises(ResponseAborted):
        next(chunks)
    assert "ValueError: late" in caplog.text


def test_write_sends_at_once():
    """PEP 3333's other way to send, here for text as well; the rest follows."""
    answer = Answer()

    def handler(environ, start_response):
        write = start_response(202, {"Content-Type": "text/plain"})
        write("")
        assert not answer.started
        write(b"one ")
        assert answer.items == [b"one "]
        write("twö ")
        return ["three"]

    chunks = begin(handler, answer)
    assert b"".join([*answer.items, *chunks]) == "one twö three".encode()
    assert answer.status == "202 Accepted"
    assert answer.headers == {"Content-Type": "text/plain"}
    assert answer.started == 1


def test_error_after_write_aborts_the_response(caplog):
    """The client has seen a part of it."""

    def handler(environ, start_response):
        start_response()("part")
        raise ValueError("late")

    with pytest.raises(ResponseAborted):
        begin(handler)
    assert "ValueError: late" in caplog.text


def test_client_that_is_gone_is_no_error_of_the_handler(caplog):
    """What the server's write raises is the server's business."""

    def server_start(status, headers, exc_info=None):
        def write(data):
            raise BrokenPipeError("gone")

        return write

    def handler(environ, start_response):
        start_response()("part")

    with pytest.raises(BrokenPipeError):
        respond(handler, environ_for(), server_start, debug=False)
    assert not caplog.records


# HEAD, 204, 304


@pytest.mark.parametrize(
    "result",
    ["Hello", b"Hello", ["He", "llo"], io.BytesIO(b"Hello")],
    ids=lambda value: type(value).__name__,
)
def test_head_gets_the_headers_of_get_and_no_body(result):
    """The handler need not know the difference."""
    answer = ask(answering(result), "HEAD")
    assert answer.body == b""
    assert answer.headers["Content-Length"] == "5"


def test_head_of_a_generator_asks_for_as_little_as_possible():
    """The first item if it must; the generator is closed."""
    log = []

    def handler(environ, start_response):
        try:
            start_response(201)
            yield "one"
            log.append("second")
            yield "two"
        finally:
            log.append("closed")

    answer = ask(handler, "HEAD")
    assert (answer.status, answer.items) == ("201 Created", [])
    assert log == ["closed"]


def test_head_of_a_wsgi_application_keeps_its_content_length():
    """Flask and Django leave the body out themselves."""
    headers = [("Content-Type", "text/plain"), ("Content-Length", "7")]
    for nothing in ([], iter([])):
        answer = ask(answering(nothing, "200 OK", headers), "HEAD")
        assert answer.headers == dict(headers)
    answer = ask(answering([], "200 OK", headers[:1]), "HEAD")
    assert answer.headers == dict(headers[:1])


def test_head_discards_what_write_sends():
    """A HEAD response has no body whatever the handler does."""

    def handler(environ, start_response):
        start_response()("x")

    assert ask(handler, "HEAD").items == []


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("kind", [str, list, iter, io.StringIO, lambda text: None])
def test_bodiless_status_has_no_body(status, kind):
    """Other headers are kept, and a Content-Length is dropped."""
    headers = {"ETag": '"1"', "Content-Length": "1"}
    answer = ask(answering(kind("x"), status, headers))
    assert answer.headers == {"ETag": '"1"'}
    assert answer.body == b""


# Closing


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 200), ("HEAD", 200), ("GET", 204), ("GET", 304)]
)
def test_body_is_closed_once(method, status):
    """However the response ended."""
    body = Closable("a", "b")
    ask(answering(body, status), method)
    assert body.closed == 1


def test_body_is_closed_when_the_client_goes():
    """The server closes the iterable before its end."""
    body = Closable("a", "b")
    chunks = begin(answering(body))
    assert next(iter(chunks)) == b"a"
    assert body.closed == 0
    chunks.close()
    assert body.closed == 1


def test_body_is_closed_when_it_was_never_asked():
    """The server may give up before the first item."""
    body = Closable("a")
    begin(answering(body)).close()
    assert body.closed == 1


@pytest.mark.parametrize("items", [(), ("a",)])
def test_body_is_closed_after_an_error(items, caplog):
    """Before and after the first byte."""
    body = Closable(*items, error=ValueError("late"))
    chunks = begin(answering(body))
    if items:
        with pytest.raises(ResponseAborted):
            list(chunks)
        chunks.close()
    assert body.closed == 1


def test_file_is_closed_when_the_head_is_wrong(tmp_path):
    """The 500 does not need it."""
    path = tmp_path / "data"
    path.write_bytes(b"Hello")
    file = path.open("rb")
    assert ask(answering(file, 200, {"Content-Length": "1"})).status.startswith("500")
    assert file.closed


def test_failure_to_close_is_logged_only(caplog):
    """The response has been sent completely."""

    def handler(environ, start_response):
        try:
            yield "x"
        finally:
            raise ValueError("in close")

    body = handler({}, None)
    chunks = begin(answering(body))
    next(iter(chunks))
    chunks.close()
    assert "closing the body of GET '/' failed" in caplog.text
    assert "ValueError: in close" in caplog.text


# WSGI applications


def test_wsgi_application_passes_unchanged():
    """Status, headers and chunks are its own."""
    headers = [("Content-Type", "text/x-own"), ("Set-Cookie", "a"), ("Set-Cookie", "b")]
    seen = []

    def server_start(status, given, exc_info=None):
        seen.append((status, given))
        return lambda data: None

    body = Closable(b"one", b"two")
    chunks = respond(
        answering(body, "299 Mine", headers), environ_for(), server_start, debug=False
    )
    assert list(chunks) == [b"one", b"two"]
    assert seen == [("299 Mine", headers)]


site = flask.Flask(__name__)


@site.route("/page")
def page():
    return "<p>é</p>", 201, {"X-A": "1", "Set-Cookie": "a=1"}


@site.route("/stream")
def stream():
    return flask.Response(iter(["one", "two"]), mimetype="text/event-stream")


@site.route("/file")
def file():
    return flask.send_file(__file__, etag="1")


@site.route("/redirect")
def redirect():
    return flask.redirect("/page")


@site.route("/nothing")
def nothing():
    return "", 204


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
@pytest.mark.parametrize(
    "path", ["/page", "/stream", "/file", "/redirect", "/nothing", "/nowhere"]
)
@pytest.mark.parametrize("more", [{}, {"HTTP_IF_NONE_MATCH": '"1"'}])
def test_flask_passes_unchanged(method, path, more):
    """The same status, headers and body as without us."""
    through_us = partial(respond, site, debug=False)
    direct, passed = [
        run_wsgi_app(app, environ_for(method, path, **more), buffered=True)
        for app in (site, through_us)
    ]
    assert passed[1] == direct[1]
    for answer in (passed, direct):
        answer[2].pop("Date", None)  # the one may be a second later
    assert dict(passed[2]) == dict(direct[2])
    assert b"".join(passed[0]) == b"".join(direct[0])


def test_file_wrapper_of_the_server_passes_untouched():
    """The server may have a faster way to send it."""
    wrapped = FileWrapper(io.BytesIO(b"x"))
    environ = environ_for(**{"wsgi.file_wrapper": FileWrapper})
    handler = answering(wrapped, "200 OK", [("Content-Type", "text/plain")])
    answer = Answer()
    assert respond(handler, environ, answer.start_response, debug=False) is wrapped
    assert answer.headers == {"Content-Type": "text/plain"}


# Errors


def fail(environ, start_response):
    """A handler with a bug."""
    start_response(200, {"X-A": "1"})
    1 / 0  # noqa: B018 - the bug


def test_error_is_logged_with_traceback_and_id(caplog):
    """The id is also on the page, which says nothing else."""
    answer = ask(fail, PATH_INFO="/a\nb")
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info[0] is ZeroDivisionError
    error_id = record.getMessage().rpartition(" ")[2]
    assert record.getMessage() == rf"GET '/a\nb' failed, error id {error_id}"
    assert len(bytes.fromhex(error_id)) == 4
    assert answer.status == "500 Internal Server Error"
    assert error_id in answer.body.decode()
    assert b"ZeroDivisionError" not in answer.body
    assert "X-A" not in answer.headers


def test_error_page_shows_the_traceback_in_debug_mode(caplog):
    """Type, message and traceback."""
    answer = ask(fail, debug=True)
    assert b"ZeroDivisionError: division by zero" in answer.body
    assert b"Traceback (most recent call last)" in answer.body
    assert answer.headers["Content-Type"] == HTML
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "handler",
    [
        fail,
        answering(["fine", object.__new__(type("Bad", (), {"__str__": fail}))]),
        answering("lone surrogate \ud800"),
        answering(Closable(error=ValueError("first"))),
        answering(Closable(error=gevent.Timeout(1))),
        None,
    ],
    ids=["call", "item", "surrogate", "iteration", "gevent.Timeout", "no handler"],
)
def test_error_before_the_first_byte_is_a_500(handler, caplog):
    """Wherever it happens."""
    answer = ask(handler)
    assert answer.status == "500 Internal Server Error"
    assert answer.started == 1
    assert len(caplog.records) == 1


def test_head_request_gets_no_error_page(caplog):
    """The headers of the 500 say enough."""
    answer = ask(fail, "HEAD")
    assert answer.status.startswith("500")
    assert answer.body == b""


def test_error_after_the_first_byte_aborts_the_response(caplog):
    """The server must not end it as if it were complete."""

    def handler(environ, start_response):
        yield "begun"
        raise ValueError("late")

    chunks = iter(begin(handler))
    assert next(chunks) == b"begun"
    with pytest.raises(ResponseAborted) as aborted:
        next(chunks)
    assert "ValueError: late" in caplog.text
    error_id = str(aborted.value).rpartition(" ")[2]
    assert f"GET '/' failed, error id {error_id}" in caplog.text


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("items", [(), ("a",)])
def test_exceptions_that_are_no_errors_pass(error, items, caplog):
    """They stop the thread or the process; before, the body is closed."""
    body = Closable(*items, error=error())
    with pytest.raises(error):
        ask(answering(body))
    assert body.closed == 1
    assert not caplog.records


def test_malformed_request_is_the_clients_fault(caplog):
    """The server answers it, and nobody's log fills with tracebacks."""

    def handler(environ, start_response):
        raise RequestError("400 Bad Request", "bad chunk")

    with pytest.raises(RequestError):
        begin(handler)
    body = Closable("a", error=RequestError("400 Bad Request", "bad chunk"))
    with pytest.raises(RequestError):
        list(begin(answering(body)))
    assert not caplog.records
