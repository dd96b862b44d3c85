"""A server whose connections cannot be taken over: a clear error, never silence."""

from __future__ import annotations

import io
import re
import ssl
import sys
from types import ModuleType
from wsgiref.util import setup_testing_defaults

import pytest

from wsocket import WSocketApp


class Server:
    """Calls a WSGI application, as a server would."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: dict[str, str] = {}

    def start_response(self, status, headers, exc_info=None):
        self.status, self.headers = status, dict(headers)
        return io.BytesIO().write

    def get(self, app, path: str = "/", **environ) -> str:
        environ["PATH_INFO"] = path
        setup_testing_defaults(environ)
        environ["SERVER_PROTOCOL"] = "HTTP/1.1"
        result = app(environ, self.start_response)
        try:
            return b"".join(result).decode()
        finally:
            getattr(result, "close", lambda: None)()


UPGRADE = {
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_UPGRADE": "websocket",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "SERVER_SOFTWARE": "Unheard/1.0",
}
BOTH = pytest.mark.parametrize(
    "offer",
    [{}, {"HTTP_SEC_WEBSOCKET_PROTOCOL": "wamp.2.json"}],
    ids=["plain", "wamp"],
)


@pytest.fixture
def app() -> WSocketApp:
    app = WSocketApp(protocol="WAMP")

    @app.route("/")
    def index(environ, start_response):
        return "hello"

    return app


@BOTH
def test_an_unknown_server_gets_501_and_advice(app, caplog, offer):
    """The client and the log learn which server it is, and which ones would do."""
    server = Server()
    body = server.get(app, **UPGRADE, **offer)
    assert server.status == "501 Not Implemented"
    assert server.headers["Content-Type"].startswith("text/plain")
    for text in (body, caplog.text):
        assert "Unheard/1.0" in text
        assert "gunicorn" in text
        assert "long polling" in text
    assert server.get(app) == "hello"


@BOTH
def test_a_server_that_ends_tls_gets_501_and_advice(app, caplog, offer):
    """TLS belongs into a proxy in front of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    encrypted = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
    body = Server().get(
        app, **UPGRADE, **offer, **{"gunicorn.socket": encrypted, "wsgi.input": None}
    )
    assert "reverse proxy" in body
    assert "reverse proxy" in caplog.text


def test_middleware_that_hides_the_connection_is_named(app):
    """Wrapping start_response is the usual reason."""
    assert "middleware wraps start_response" in Server().get(app, **UPGRADE)


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("mod_wsgi.version", "mod_wsgi does not let .* mod_proxy_wstunnel"),
        ("asgi.scope", r"a2wsgi, which has no websockets; serve .*as_asgi\(app\)"),
        ("SERVER_SOFTWARE", "Granian does not let .* run under gunicorn"),
    ],
)
def test_a_server_that_hides_its_connections_is_named(app, marker, words):
    """With the reason, what would do, and long polling."""
    environ = {**UPGRADE, marker: "Granian"}
    assert re.search(f"{words}.* long polling", Server().get(app, **environ))


def test_bjoern_is_named_though_it_says_nothing(app, monkeypatch):
    """There is nothing of it in a request, so only its module tells."""
    monkeypatch.setitem(sys.modules, "bjoern", ModuleType("bjoern"))
    silent = {name: UPGRADE[name] for name in UPGRADE if name != "SERVER_SOFTWARE"}
    refusal = "bjoern does not let .* run under gunicorn.* long polling"
    assert re.search(refusal, Server().get(app, **silent))
    assert "bjoern" not in Server().get(app, **UPGRADE)
