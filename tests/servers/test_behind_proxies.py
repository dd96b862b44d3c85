"""Real proxies in front of an application, set up as docs/deployment.md says."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeAlias
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from websocket import WebSocketBadStatusException, create_connection

from tests.patience import SECONDS
from tests.programs import ROOT, need
from tests.servers.clients import SAY_HELLO, WELCOME
from tests.serving import serving
from wsocket import WSocketApp

DEPLOYMENT = ROOT / "docs" / "deployment.md"
CLIENT = "127.0.0.2"  # on this machine, and not trusted
FORGED = {
    "X-Forwarded-For": "192.0.2.66",
    "X-Forwarded-Proto": "https",
    "Forwarded": "for=192.0.2.66;proto=https",
}

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} reuseport;
        {location}
    }}
}}
"""

Proxy: TypeAlias = Callable[[str], contextlib.AbstractContextManager[str]]
"""Starts a proxy before the server at a URL; gives the proxy's own URL."""


def documented(language: str) -> str:
    """The block of the documentation."""
    [block] = re.findall(rf"```{language}\n(.*?)```", DEPLOYMENT.read_text(), re.S)
    return str(block)


@contextlib.contextmanager
def running(
    command: list[str], url: str, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """A proxy, from when it answers."""
    process = subprocess.Popen(command, text=True, **options)
    with process:
        try:
            wait_for_answer(url, process)
            yield process
        finally:
            process.terminate()


def wait_for_answer(url: str, process: subprocess.Popen[str]) -> None:
    """Wait until somebody answers; a proxy does not say when it is ready."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            urlopen(f"{url}/seen", timeout=SECONDS).close()
        except URLError:
            assert process.poll() is None, "the proxy has ended"
            assert time.monotonic() < deadline, "the proxy does not answer"
            time.sleep(0.01)
        else:
            return


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A port that nobody else gets, and that a proxy can share (SO_REUSEPORT)."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.fixture
def nginx(tmp_path: Path) -> Proxy:
    """Made with the documented block."""

    @contextlib.contextmanager
    def start(url: str) -> Iterator[str]:
        need(shutil.which("nginx"), "nginx")
        location = documented("nginx").replace("http://127.0.0.1:8080", url)
        config = tmp_path / "nginx.conf"
        with reserved_port() as port:
            config.write_text(
                NGINX.format(folder=tmp_path, port=port, location=location)
            )
            command = ["nginx", "-c", str(config), "-p", str(tmp_path)]
            own = f"http://127.0.0.1:{port}"
            with running(command, own):
                yield own

    return start


@pytest.fixture
def caddy(tmp_path: Path) -> Proxy:
    """Made with the documented line."""

    @contextlib.contextmanager
    def start(url: str) -> Iterator[str]:
        need(shutil.which("caddy"), "caddy")
        [line] = re.findall(r"`(reverse_proxy .*)`", DEPLOYMENT.read_text())
        line = line.replace("127.0.0.1:8080", urlsplit(url).netloc)
        config = tmp_path / "Caddyfile"
        with reserved_port() as port:
            own = f"http://127.0.0.1:{port}"
            config.write_text(f"{{\n\tadmin off\n}}\n{own} {{\n\t{line}\n}}\n")
            command = ["caddy", "run", "--config", str(config)]
            with running(command, own, env={**os.environ, "HOME": str(tmp_path)}):
                yield own

    return start


@pytest.fixture(params=["nginx", "caddy"])
def proxied(processes: None, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a proxy before an application that trusts it."""
    app = WSocketApp(trusted_proxies=["127.0.0.1"])

    @app.route("/seen")
    def seen(environ, start_response):
        return f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}"

    @app.route("/echo")
    def echo(environ, start_response):
        for message in environ["wsgi.websocket"]:
            environ["wsgi.websocket"].send(message)

    start: Proxy = request.getfixturevalue(request.param)
    with (
        contextlib.closing(app),
        serving(app) as url,
        start(f"http://{urlsplit(url).netloc}") as own,
    ):
        yield own


def test_a_websocket_goes_through_the_proxy(proxied):
    """The page's origin is that of the proxy, which the browser knows."""
    url = proxied.replace("http", "ws", 1)
    client = create_connection(f"{url}/echo", timeout=SECONDS, origin=proxied)
    with contextlib.closing(client):
        client.send("hello")
        assert client.recv() == "hello"


def test_a_page_from_elsewhere_is_refused(proxied):
    """The proxy does not make every origin the same."""
    url = proxied.replace("http", "ws", 1)
    with pytest.raises(WebSocketBadStatusException) as refused:
        create_connection(f"{url}/echo", timeout=SECONDS, origin="http://evil.example")
    assert refused.value.status_code == 403


def test_what_a_client_writes_itself_is_not_believed(proxied):
    """It is the proxy that says where the client is."""
    address = urlsplit(proxied)
    client = HTTPConnection(
        *(address.hostname, address.port),
        timeout=SECONDS,
        source_address=(CLIENT, 0),
    )
    with contextlib.closing(client):
        client.request("GET", "/seen", headers=FORGED)
        assert client.getresponse().read().decode() == f"{CLIENT} http"


@pytest.mark.parametrize(
    ("trusted", "warnings"),
    [
        ([], ["a proxy at 127.0.0.1 says", "realm 'realm1' is open"]),
        (["127.0.0.1"], ["realm 'realm1' is open"]),
    ],
)
@pytest.mark.processes
def test_an_open_realm_behind_a_proxy_is_reported(caplog, nginx, trusted, warnings):
    """Whether the proxy is named or not: the client is on another machine.

    So says a proxy before that one, which is on this machine, too.
    """
    app = WSocketApp(protocol="WAMP", trusted_proxies=trusted)
    app.route("/seen")(lambda environ, start_response: "seen")
    with (
        contextlib.closing(app),
        serving(app) as url,
        nginx(f"http://{urlsplit(url).netloc}") as own,
    ):
        client = create_connection(
            own.replace("http", "ws", 1),
            timeout=SECONDS,
            subprotocols=["wamp.2.json"],
            header=["X-Forwarded-For: 203.0.113.9"],
        )
        with contextlib.closing(client):
            client.send(json.dumps(SAY_HELLO))
            assert json.loads(client.recv())[0] == WELCOME
    found = [record.getMessage() for record in caplog.records]
    assert len(found) == len(warnings)
    for message, expected in zip(found, warnings, strict=True):
        assert message.startswith(expected)
        assert "203.0.113.9" in message
