"""The small pieces of Python in the docs, as they stand there."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, call

import pytest

from tests.programs import ROOT, ended
from tests.test_snippets import snippet
from wsocket import WSocketApp
from wsocket.testing import Client

PAGE = "docs/framework.md"


def site(mark: str, *, page: str = PAGE, **names: Any) -> WSocketApp:
    """The application that a piece makes, or adds to."""
    app = run_piece(page, mark, **{"app": WSocketApp(), **names})["app"]
    assert isinstance(app, WSocketApp)
    return app


def run_piece(page: str, mark: str, **names: Any) -> dict[str, Any]:
    """The names that a piece defines."""
    code = snippet(page, "python", mark)
    defined = {"__name__": "site", "WSocketApp": WSocketApp, **names}
    exec(re.sub(r"\bsleep\(\d\)", "sleep(0)", code), defined)
    return defined


def test_main_program_speaks_http_and_websockets():
    """On the same path."""
    with Client(site("participator")) as client:
        assert client.get("/").text == "Hello World!"
        with client.websocket("/") as ws:
            ws.send("hello")
            assert [ws.receive(), ws.receive()] == ["you : hello"] * 2


def test_routes_are_exact_or_end_with_a_star(tmp_path, monkeypatch):
    """What stands for the star is in the path."""
    monkeypatch.chdir(tmp_path)
    Path("files").mkdir()
    Path("files/hello.txt").write_text("from a file")
    with Client(site('@app.route("/files/*")')) as client:
        assert client.get("/hello/world").text == "Hello World!"
        assert client.get("/hello/world/x").status == 404
        assert client.get("/files/hello.txt").text == "from a file"


def test_status_and_headers_have_each_form():
    """One line for each."""
    lines = snippet(PAGE, "python", "start_response(404)").splitlines()
    app = WSocketApp()

    @app.route("/*")
    def view(environ, start_response):
        line = lines[int(environ["PATH_INFO"][1:])]
        exec(line, {"start_response": start_response})
        return ""

    with Client(app) as client:
        answers = [client.get(f"/{number}") for number in range(len(lines))]
    missing = ["404 Not Found", "404 Not Found", "404 Nothing here"]
    assert [f"{each.status} {each.reason}" for each in answers] == [
        *("200 OK", *missing),
        *("200 OK", "200 OK"),
    ]
    assert answers[4].headers["Content-Type"] == "text/plain"
    assert answers[5].headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_generator_sends_what_it_yields():
    """Of every type."""
    with Client(site('@app.route("/slow")', time=time)) as client:
        assert client.get("/slow").text == "Hello World2020"


def test_websocket_route_echoes():
    """Until the client goes."""
    with (
        Client(site("ends when the client goes")) as client,
        client.websocket("/echo") as ws,
    ):
        ws.send("hello")
        assert ws.receive() == "hello"


def test_applications_without_routes_have_events(capsys):
    """Of every websocket, whatever its path."""
    with Client(site("app.onclose +=")) as client, client.websocket("/any") as ws:
        ws.send("hello")
        assert ws.receive() == "you said: hello"
        ws.close(1000, "bye")
    printed = capsys.readouterr().out
    assert " connected\n" in printed
    assert "left: " in printed


def test_flask_publishes():
    """From a view."""
    with Client(site('@site.post("/news")\ndef news():\n    app.')) as client:
        session = client.join()
        session.subscribe("com.example.news")
        assert client.post("/news").text == "published"
        assert session.receive_event().args == ["something happened"]


def test_tls_has_a_certificate(certificates, tmp_path, monkeypatch):
    """Both files are PEM."""
    monkeypatch.chdir(tmp_path)
    for name in ("fullchain.pem", "privkey.pem"):
        Path(name).write_bytes(Path(certificates.server).read_bytes())
    site("fullchain.pem")


@pytest.mark.parametrize("framework", ["flask", "django"])
def test_login_of_the_docs_is_the_one_that_is_tested(framework):
    """tests/wamp/router/test_web_login.py logs in with it, on real sites."""
    mark = {"flask": "request_context", "django": "WSGIRequest"}[framework]
    code = (ROOT / f"tests/wamp/apps/{framework}_login.py").read_text()
    assert snippet("docs/wamp.md", "python", mark) in code


def test_metrics_have_the_names_of_the_page():
    """Served, and read in Python."""
    page = "docs/metrics.md"
    app = site('metrics="/metrics"', page=page)
    with Client(app) as client:
        assert client.get("/healthz").status == 200
        client.join()
        run_piece(page, "metrics = app.metrics()", app=app)
        assert "wsocket_" in client.get("/metrics").text


def test_rawsocket_and_long_polling_are_switched_on(capsys):
    """One line for each."""
    app = site('longpoll="/longpoll"', page="docs/wamp.md")
    with contextlib.closing(app):
        code = snippet("docs/wamp.md", "python", "app.listen_rawsocket")
        exec(code.replace(":8081", ":0"), {"app": app})
        assert capsys.readouterr().out.startswith("tcp://127.0.0.1:")


def test_a_worker_that_ends_closes_the_application(monkeypatch):
    """With gunicorn's hook, which gets its own objects."""
    app = Mock(spec=WSocketApp)
    monkeypatch.setitem(sys.modules, "chat", SimpleNamespace(app=app))
    run_piece("docs/deployment.md", "def worker_exit")["worker_exit"](None, None)
    assert app.mock_calls == [call.drain(10), call.close()]


@pytest.mark.processes
def test_logging_is_configured_as_json():
    """By the standard library, which else switches off the loggers that are there."""
    code = snippet("docs/deployment.md", "python", "JsonFormatter")
    before, after = "from wsocket import logger\n", "logger.warning('hello')\n"
    done = ended([sys.executable, "-c", f"{before}{code}{after}"])
    assert json.loads(done.stderr)["message"] == "hello"
