"""What `HttpPublisher` raises: what was wrong, where, and whether to try again."""

from __future__ import annotations

import errno
import json
import os
import pickle
import re
import socket
import ssl
import threading
from contextlib import closing, contextmanager

import pytest

from tests.patience import SECONDS
from tests.serving import in_thread
from tests.wamp.bridge.false_bridge import answering
from tests.wamp.raw_client import connected
from wsocket import (
    ApplicationError,
    Bridge,
    CallCanceled,
    CallTimeout,
    WSocketApp,
    make_server,
)
from wsocket.client import ConnectFailed, ConnectionLost, HttpPublisher
from wsocket.client.bridge_url import parse_bridge_url
from wsocket.client.dialing import explained
from wsocket.client.http_failures import connecting
from wsocket.client.http_pool import HttpPool
from wsocket.client.settings import ClientSettings
from wsocket.errors import (
    HttpError,
    HttpUnavailable,
    OriginRefused,
    RouterUnavailable,
    UnknownRealm,
)

HTML, PROBLEM, JSON = "text/html", "application/problem+json", "application/json"
ENDLESS = 10**14  # bytes: no machine has room for them


def raised_by(url, **options):
    """What publishing raises, which must be an `Exception` that names the URL."""
    named = re.escape(f"{url}/publish")
    with (
        HttpPublisher(url, **options) as publisher,
        pytest.raises(Exception, match=named) as raised,
    ):
        publisher.publish("a.b")
    return raised.value


@pytest.mark.parametrize(
    ("answer", "kind", "shown"),
    [
        ((502, HTML, b"<h1>No</h1>"), HttpUnavailable, "try again later"),
        ((503, PROBLEM, b'{"detail": "no memory"}'), HttpUnavailable, "no memory"),
        ((504, HTML, b""), HttpUnavailable, "504 Gateway Timeout"),
        ((429, HTML, b"slow"), HttpUnavailable, "'slow'"),
        ((200, HTML, b"<h1>Hi</h1>"), HttpError, "'<h1>Hi</h1>'; is the path of the"),
        ((200, JSON, b"{}"), HttpError, "not as a bridge does: '{}'"),
        ((200, JSON, b'{"publication": "7"}'), HttpError, "not as a bridge does"),
        ((204, JSON, b""), HttpError, "204 No Content"),
        ((301, HTML, b""), HttpError, "that it names, 'https://example.com/wamp'"),
        ((404, PROBLEM, b'{"detail": "Nothing is here"}'), HttpError, ": Nothing is"),
        ((400, PROBLEM, b"{}"), HttpError, "it does not say why"),
        ((500, PROBLEM, b"broken"), HttpError, "'broken'"),
        ((500, PROBLEM, b'{"error": "a.b", "args": 1}'), HttpError, '"args": 1'),
    ],
)
def test_answer_that_is_no_wamp_error(answer, kind, shown):
    """It has the status, the URL, what came, and what to do."""
    with answering(answer) as (_, url):
        error = raised_by(url)
    assert type(error) is kind
    assert error.status.startswith(f"{answer[0]} ")
    assert shown in error.problem == str(error)
    assert isinstance(error, OSError) == (answer[0] in (429, 502, 503, 504))


@pytest.mark.parametrize(
    ("status", "uri", "kind"),
    [
        (403, "wamp.error.not_authorized", ApplicationError),
        (422, "com.example.error.sold_out", ApplicationError),
        (500, "wamp.error.runtime_error", ApplicationError),
        (502, "wamp.error.canceled", CallCanceled),
        (503, "wamp.error.unavailable", RouterUnavailable),
        (503, "com.example.maintenance", RouterUnavailable),
        (504, "wamp.error.timeout", CallTimeout),
    ],
)
def test_wamp_error_that_may_pass_is_an_os_error(status, uri, kind):
    """So a task queue that tries again on `OSError` tries the right ones."""
    problem = {"error": uri, "args": ["why"], "kwargs": {"more": 1}}
    with (
        answering((status, PROBLEM, json.dumps(problem).encode())) as (_, url),
        HttpPublisher(url) as publisher,
        pytest.raises(ApplicationError) as failed,
    ):
        publisher.call("a.b")
    error = failed.value
    assert type(error) is kind
    assert (error.error, error.args, error.kwargs) == (uri, ("why",), {"more": 1})
    assert isinstance(error, OSError) == (kind in (RouterUnavailable, CallTimeout))


@pytest.mark.parametrize("body", [b"{}", b'{"args": [null], "kwargs": {}}'])
def test_empty_result_is_none(body):
    """Also where a field of the answer is missing."""
    with answering((200, JSON, body)) as (_, url), HttpPublisher(url) as publisher:
        assert publisher.call("a.b") is None


@pytest.mark.parametrize("body", [b'{"args": {}}', b'{"kwargs": []}', b"[]", b"\xff"])
def test_result_that_is_none_is_not_returned(body):
    """It did not come from a bridge."""
    with (
        answering((200, JSON, body)) as (_, url),
        HttpPublisher(url) as publisher,
        pytest.raises(HttpError, match="not as a bridge does"),
    ):
        publisher.call("a.b")


def test_busy_router_is_unavailable(serve, uri, beside):
    """A real one, which has no room for one more request."""
    _, url = serve(max_requests=1)
    base = f"{url.replace('ws', 'http', 1)}wamp"
    with connected(url) as callee, HttpPublisher(base) as publisher:
        callee.join()
        callee.register(uri)
        waiting = beside(publisher.call, uri)
        request = callee.invoked()[0]
        with pytest.raises(RouterUnavailable, match=r"Bridge\.max_requests, 1"):
            publisher.publish(uri)
        callee.send(70, request, {})
        assert waiting.result(SECONDS) is None


@contextmanager
def listener():
    """A port on which somebody may listen; yields the socket and a URL."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock, f"http://127.0.0.1:{sock.getsockname()[1]}/wamp"


def test_server_that_is_not_there_is_told_so():
    """Nothing was sent, so it can be tried again."""
    with listener() as (_, url):  # and does not listen
        error = raised_by(url)
    assert isinstance(error, ConnectFailed)
    assert "nobody listens there" in str(error)


@contextmanager
def saying(said):
    """Somebody who says this to the first request, and closes; None waits."""
    over = threading.Event()

    def answer(sock):
        connection, _ = sock.accept()
        with closing(connection):
            got = b""
            while not got.endswith(b"}"):  # unread bytes would reset the connection
                got += connection.recv(65536)
            if said is None:
                over.wait(SECONDS)
            else:
                connection.sendall(said)

    with listener() as (sock, url):
        sock.listen()
        thread = threading.Thread(target=answer, args=(sock,))
        thread.start()
        try:
            yield url
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"", "the connection ended before the answer came"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{" % ENDLESS, "IncompleteRead"),
        (b"SSH-2.0-OpenSSH\r\n", "what came is no HTTP answer"),
    ],
)
def test_request_without_an_answer_may_have_been_served(said, expected):
    """The error says so, and is an `OSError`."""
    with saying(said) as url:
        error = raised_by(url)
    assert isinstance(error, ConnectionLost)
    assert isinstance(error, OSError)
    assert expected in str(error)
    assert "nobody knows whether the request was served" in str(error)


def test_request_that_is_not_answered_in_time_is_a_timeout():
    """It names the URL, and the seconds."""
    with saying(None) as url:
        pool = HttpPool(parse_bridge_url(url), ssl_context=None)
        with pytest.raises(TimeoutError, match=r"within 0\.1 seconds; nobody knows"):
            pool.post("/publish", b"{}", {}, timeout=0.1)


@pytest.mark.parametrize(
    "number", [errno.EHOSTUNREACH, errno.ECONNREFUSED, errno.ECONNRESET]
)
def test_same_error_is_explained_as_for_a_session(number):
    """In the same words, but for the names of what is there."""
    error = OSError(number, os.strerror(number))
    settings = ClientSettings("ws://host.example/wamp", "realm1")
    with (
        pytest.raises(ConnectFailed) as http,
        connecting("http://host.example/wamp", 1),
    ):
        raise error
    with pytest.raises(ConnectFailed) as session, explained(settings):
        raise error
    said = str(session.value).replace("ws://", "http://").replace("router", "server")
    # What may be on the port in its place is another question for each.
    assert str(http.value).partition("expected")[0] == said.partition("expected")[0]
    assert str(http.value).partition("got")[2][:20] == said.partition("got")[2][:20]


def test_host_that_nobody_knows_is_named():
    """As the system says it."""
    with (
        pytest.raises(ConnectFailed, match=r"host\.example.* unknown \(no such name\)"),
        connecting("http://host.example/wamp", 1.0),
    ):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")


def test_certificates_are_checked_as_usual(certificates):
    """The error says what to do; a context may know the authority."""
    app = WSocketApp(protocol="WAMP", bridge=Bridge())
    context = certificates.server_context()
    with (
        make_server("127.0.0.1", 0, app, ssl_context=context) as server,
        in_thread(server),
    ):
        url = f"https://localhost:{server.server_port}/wamp"
        known = certificates.client_context()
        with HttpPublisher(url, ssl_context=known) as publisher:
            assert publisher.publish("com.open.x") > 0
        unknown = raised_by(url)
        app.close()
    assert isinstance(unknown, ConnectFailed)
    assert "certificate is not accepted" in str(unknown)
    assert "ssl_context=ssl.create_default_context(cafile=...)" in str(unknown)


def test_certificate_of_another_host_needs_other_advice():
    """To know the authority does not help."""
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = 62, "Hostname mismatch"
    error.reason = "CERTIFICATE_VERIFY_FAILED"
    with (
        pytest.raises(ConnectFailed, match=r"Hostname mismatch; put a name into the U"),
        connecting("https://x/wamp", 1.0),
    ):
        raise error


def test_https_to_a_server_without_tls_is_told_so():
    """In words, besides those of OpenSSL."""
    with answering() as (_, url):
        error = raised_by(url.replace("http:", "https:"))
    assert isinstance(error, ConnectFailed)
    assert "expected TLS, got something else" in str(error)
    assert "(without TLS it is http://HOST:PORT/PATH)?" in str(error)
    assert isinstance(error.__cause__, ssl.SSLError)


@pytest.mark.parametrize(
    ("args", "more", "problem"),
    [
        ((5,), {}, "url: expected a string"),
        (("ftp://x/wamp",), {}, "url: expected"),
        (("http:///wamp",), {}, "url: expected"),
        (("http://x/wamp?a=b",), {}, "url: expected"),
        (("http://x/wamp#a",), {}, "url: expected"),
        (("http://x:99999/wamp",), {}, r"url: expected .*Port out of range"),
        (("http://x:0/wamp",), {}, "url: expected"),
        (("http://[::1/wamp",), {}, "url: expected .*Invalid IPv6"),
        (("http://é..b/wamp",), {}, "url: expected .*no host has this name"),
        (("http://a..b/wamp",), {}, "url: expected .*no host has this name"),
        (("http://x/w amp",), {}, "url: expected .*a space or a control"),
        (("http://x/wamp\n",), {}, "url: expected .*a space or a control"),
        (("http://x/wämp",), {}, "url: expected .*as %XX"),
        (("http://joe:pass@x/wamp",), {}, "url: a user and a password"),
        (("http://x/wamp", "cron"), {}, "give both"),
        (("http://x/wamp", "cron", "s"), {"token": "t"}, "not both"),
        (("http://x/wamp", "c ron", "s"), {}, "key_id: expected letters"),
        (("http://x/wamp", 5, "s"), {}, "key_id: expected a string"),
        (("http://x/wamp", "cron", 5), {}, "secret: expected a string or bytes"),
        (("http://x/wamp", "cron", ""), {}, "secret: expected that of the key"),
        (("http://x/wamp",), {"token": "pass\r\n"}, "token: .*the end of its line"),
        (("http://x/wamp",), {"token": "pass €"}, "token: expected text"),
        (("http://x/wamp",), {"token": b"pass"}, "token: expected a string"),
        (("http://x/wamp",), {"timeout": 0}, "timeout: expected"),
        (("http://x/wamp",), {"timeout": "2"}, "timeout: expected"),
        (("http://x/wamp",), {"ssl_context": True}, "ssl_context: expected"),
    ],
)
def test_mistake_is_told_at_once(args, more, problem):
    """With the name of the argument, and without a secret."""
    with pytest.raises((TypeError, ValueError), match=problem) as mistake:
        HttpPublisher(*args, **more)
    assert "pass" not in str(mistake.value).replace("password", "")


@pytest.mark.parametrize(
    ("uri", "more", "problem"),
    [
        (5, {}, "topic: expected a URI"),
        ("a.b", {"options": "x"}, "options: expected a mapping"),
        ("a.b", {"options": {1: 2}}, "options, a key: expected a string"),
    ],
)
def test_mistake_in_a_request_is_told_before_it_is_sent(uri, more, problem):
    """Nobody listens there."""
    with (
        HttpPublisher("http://127.0.0.1:1/wamp") as publisher,
        pytest.raises(TypeError, match=problem),
    ):
        publisher.publish(uri, **more)


class Sold(ApplicationError):
    """An application's own."""

    def __init__(self, item):
        super().__init__("com.example.error.sold_out", item, left=0)
        self.item = item


@pytest.mark.parametrize(
    "error",
    [
        HttpError("404 Not Found", "no such path", [("A", "b")]),
        HttpUnavailable("502 Bad Gateway", "no router"),
        ApplicationError("com.example.error"),
        RouterUnavailable("wamp.error.unavailable", "why", 7, more=[1]),
        CallTimeout("wamp.error.timeout", "too late"),
        ConnectFailed("nobody is there"),
        OriginRefused("no", origin="https://evil.example", host="x"),
        UnknownRealm("there is none"),
        Sold("tea"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_survives_the_way_to_another_process(error):
    """As workers of Celery, and of `multiprocessing`, send it."""
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.args) == (str(error), error.args)
    assert vars(copy) == vars(error)
