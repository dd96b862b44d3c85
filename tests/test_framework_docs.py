"""Every snippet of the framework's first documentation, on both servers of `run`."""

from __future__ import annotations

import http.client
import re
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import websocket

from tests.framework_snippets import HEADERS, MAIN, SENDERS, STATUS
from tests.patience import SECONDS
from tests.programs import Server, running
from wsocket import WSocketApp

PATCH = {"threads": "", "gevent": "from gevent import monkey; monkey.patch_all()\n"}
SERVE = "from tests.framework_snippets import serve; serve()"


def command(kind: str, source: str) -> list[str]:
    return [sys.executable, "-c", PATCH[kind] + source]


@pytest.fixture(scope="module", params=PATCH)
def server(processes, request, tmp_path_factory) -> Iterator[Server]:
    """The snippets' application, in a folder that has the file hello.txt."""
    folder = tmp_path_factory.mktemp("framework")
    (folder / "hello.txt").write_text("Hello World!")
    with running(command(request.param, SERVE), folder / "log", cwd=folder) as started:
        yield started


@pytest.fixture(params=PATCH)
def main_program(processes, request, tmp_path) -> Iterator[Server]:
    """The first snippet, as a program."""
    with running(command(request.param, MAIN), tmp_path / "log") as started:
        yield started


def get(server: Server, path: str) -> tuple[http.client.HTTPResponse, bytes]:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(
        address.hostname, address.port, timeout=SECONDS
    )
    with closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        return response, response.read()


# The first example


def test_main_example_answers_http(main_program):
    """Without a websocket it says hello."""
    response, body = get(main_program, "/")
    assert (response.status, body) == (200, b"Hello World!")


def test_main_example_echoes_on_a_websocket(main_program):
    """Twice, with a pause, and it prints what the participator said."""
    with closing(
        websocket.create_connection(main_program.ws(), timeout=SECONDS)
    ) as client:
        for message in ("hi", "there"):
            client.send(message)
            assert client.recv() == f"you : {message}"
            received = time.monotonic()
            assert client.recv() == f"you : {message}"
            assert time.monotonic() - received > 0.1
    assert main_program.stop() == 0
    printed = main_program.process.stdout.read()
    assert printed == "participator : hi\nparticipator : there\nwsocket: stopped\n"
    assert "Traceback" not in main_program.log.read_text()


@pytest.mark.processes
@pytest.mark.parametrize("kind", PATCH)
def test_main_example_in_its_other_form_is_a_router(kind, tmp_path):
    """The line that is commented out: WAMP beside the same routes."""
    plain = "app = WSocketApp()\n# "
    assert plain in MAIN
    source = MAIN.replace(plain, "")
    with running(command(kind, source), tmp_path / "log") as server:
        offer = {"subprotocols": ["wamp.2.json"], "timeout": 20}
        with closing(websocket.create_connection(server.ws(), **offer)) as session:
            assert session.getsubprotocol() == "wamp.2.json"
            session.send('[1, "realm1", {"roles": {"caller": {}}}]')
            assert session.recv().startswith("[2,")
        assert get(server, "/")[1] == b"Hello World!"
        with closing(
            websocket.create_connection(server.ws(), timeout=SECONDS)
        ) as client:
            client.send("hi")
            assert client.recv() == "you : hi"


# WSocketApp


def test_application_has_the_documented_attributes():
    """Arguments, class variables and methods."""
    wrapped = WSocketApp(app=lambda environ, start_response: [], protocol=None)
    assert wrapped.routes == {}
    assert WSocketApp.GUID == "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    assert [int(version) for version in WSocketApp.SUPPORTED_VERSIONS] == [13, 8, 7]
    assert isinstance(WSocketApp.websocket_class, type)
    assert callable(wrapped.not_found)


def test_routes_are_a_dictionary_of_the_application():
    """`route` registers in it, and no other application sees that."""
    app, other = WSocketApp(), WSocketApp()

    @app.route("/x")
    def handler(environ, start_response):
        return "x"

    assert app.routes == {"/x": handler}
    assert isinstance(app.routes, dict)
    assert other.routes == {}


def test_path_without_a_route_is_not_found(server):
    """`not_found` answers it."""
    response, _ = get(server, "/nowhere")
    assert (response.status, response.reason) == (404, "Not Found")


@pytest.mark.parametrize(
    ("path", "handler"),
    [
        ("/hello/world", b"exact"),
        ("/hello/world?user=Ksengine&pass=1234", b"exact"),
        ("/hello/world/of/mine", b"prefix"),
        ("/hello/", b"prefix"),
    ],
)
def test_only_the_path_decides_which_route_is_taken(server, path, handler):
    """The exact one, else one that ends in ``*``."""
    assert get(server, path)[1] == handler


# Status and headers


@pytest.mark.parametrize("path", ["/silent", *(f"/start/{name}" for name in STATUS)])
def test_status_is_200_ok_with_basic_headers(server, path):
    """With start_response called in any of the ways, or not at all."""
    response, body = get(server, path)
    assert (response.status, response.reason, body) == (200, "OK", b"Hello World!")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Length"] == "12"


@pytest.mark.parametrize("name", HEADERS)
def test_headers_are_sent(server, name):
    """From a list of tuples or from a dictionary."""
    response, _ = get(server, f"/start/{name}")
    assert response.headers["header1-name"] == "header1 value"
    assert response.headers["header2-name"] == "header2 value"


# Send data


@pytest.mark.parametrize("name", SENDERS)
def test_data_of_every_type_is_sent(server, name):
    """Strings, bytes, files, file-likes, iterables and other objects."""
    response, body = get(server, f"/send/{name}")
    expected = SENDERS[name].body
    assert response.status == 200
    if name == "set":  # in any order
        body, expected = sorted(body), sorted(expected)
    assert body == expected


def test_generator_sends_its_items_with_their_time_intervals(server):
    """As soon as possible, not when all are there."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(
        address.hostname, address.port, timeout=SECONDS
    )
    with closing(connection):
        connection.request("GET", "/send/generator")
        response = connection.getresponse()
        times = []
        for item in (b"Hello ", b"World", b"!"):
            assert response.read(len(item)) == item
            times.append(time.monotonic())
        assert response.read() == b"2020"
    assert times[1] - times[0] > 0.1
    assert times[2] - times[1] > 0.1


# Errors


def test_error_shows_a_page_and_prints_to_the_console(server):
    """The page of the documentation, with its report button; the logger is at 10."""
    response, body = get(server, "/error")
    page = body.decode()
    assert (response.status, response.reason) == (500, "Internal Server Error")
    assert "<h1>Internal Server Error (500)</h1>" in page
    assert "ZeroDivisionError: division by zero" in page
    assert "Traceback (most recent call last):" in page
    assert re.search(r'<a class="button" href="[^"]+"[^>]*>report</a>', page)
    console = server.log.read_text()
    assert "ZeroDivisionError: division by zero" in console
    error_id = re.search(r"Error id: <code>(\w+)</code>", page)[1]
    assert error_id in console
