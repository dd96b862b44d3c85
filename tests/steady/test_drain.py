"""The end of a server: what is under way ends first, then everybody is sent away."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import websocket

from tests.certificates import Certificates
from tests.programs import COMMAND_LINE, Server, running
from tests.steady.peers import SECONDS, ask, joined, opened
from tests.steady.serving import StartServer

APP = "tests.steady.draining"
CALL, RESULT, REGISTER, REGISTERED, INVOCATION, YIELD = 48, 50, 64, 65, 68, 70
SERVICE_RESTART = 1012
CLOSE = 8  # the opcode
LONG = 5.0  # seconds that nothing here may last if it is not waited for


@pytest.fixture
def app() -> str:
    return APP


class Control:
    """Tells the application when to go on, over a websocket."""

    def __init__(self, client: websocket.WebSocket) -> None:
        self.client = client

    def until_begun(self) -> None:
        self.client.send("begun?")
        assert self.client.recv() == "begun"

    def go(self) -> None:
        self.client.send("go")


def http(server: Server) -> HTTPConnection:
    address = urlsplit(server.url)
    return HTTPConnection(str(address.hostname), address.port, timeout=SECONDS)


def signalled(server: Server, number: int = signal.SIGTERM) -> None:
    """Send a signal, and wait until the server accepts nothing more."""
    address = urlsplit(server.url)
    server.process.send_signal(number)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((address.hostname, address.port), SECONDS):
                time.sleep(0.01)
        except (ConnectionRefusedError, ConnectionResetError):
            return
    pytest.fail("it still accepts connections")


def close_code(client: websocket.WebSocket) -> int:
    """The code of the Close frame that must come next."""
    opcode, payload = client.recv_data()
    assert opcode == CLOSE
    return int.from_bytes(payload[:2], "big")


def ended(server: Server) -> int:
    """The exit status."""
    return server.process.wait(SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_response_under_way_ends_before_the_server_does(
    serve: StartServer, number: int
) -> None:
    """It is the last one on its connection; websockets go on until then, and are closed
    with 1012.
    """
    server = serve()
    with opened(server.ws("/control")) as client, closing(http(server)) as view:
        control = Control(client)
        view.request("GET", "/wait")
        control.until_begun()
        signalled(server, number)
        control.go()
        response = view.getresponse()
        assert (response.status, response.read()) == (200, b"told")
        assert response.headers["Connection"] == "close"
        assert close_code(client) == SERVICE_RESTART
    assert ended(server) == 0
    assert server.log.read_text() == ""


def test_a_call_of_the_application_ends_before_the_server_does(
    serve: StartServer,
) -> None:
    """The caller gets its RESULT, and then 1012."""
    server = serve()
    with opened(server.ws("/control")) as client, joined(server.ws("/")) as caller:
        control = Control(client)
        caller.send(json.dumps([CALL, 1, {}, "com.example.wait"]))
        control.until_begun()
        signalled(server)
        control.go()
        assert json.loads(caller.recv()) == [RESULT, 1, {}, ["told"]]
        assert close_code(caller) == SERVICE_RESTART
    assert ended(server) == 0


def test_a_call_between_clients_ends_before_the_server_does(serve: StartServer) -> None:
    """The callee is still there to answer it, and other calls work meanwhile."""
    server = serve()
    with joined(server.ws("/")) as callee, joined(server.ws("/")) as caller:
        assert ask(callee, [REGISTER, 1, {}, "com.example.mine"])[0] == REGISTERED
        caller.send(json.dumps([CALL, 1, {}, "com.example.mine"]))
        invocation = json.loads(callee.recv())
        assert invocation[0] == INVOCATION
        signalled(server)
        answer = ask(caller, [CALL, 2, {}, "com.example.quick"])
        assert answer == [RESULT, 2, {}, ["QUICK"]]
        callee.send(json.dumps([YIELD, invocation[1], {}, ["mine"]]))
        assert json.loads(caller.recv()) == [RESULT, 1, {}, ["mine"]]
        assert close_code(caller) == close_code(callee) == SERVICE_RESTART
    assert ended(server) == 0


def test_idle_connections_are_closed_at_once(serve: StartServer) -> None:
    """While a response is still under way."""
    server = serve()
    with (
        opened(server.ws("/control")) as client,
        closing(http(server)) as idle,
        closing(http(server)) as view,
    ):
        control = Control(client)
        idle.request("GET", "/quick")
        assert idle.getresponse().read() == b"quick"
        view.request("GET", "/wait")
        control.until_begun()
        signalled(server)
        assert idle.sock.recv(1) == b""
        control.go()
        assert view.getresponse().read() == b"told"
    assert ended(server) == 0


def test_a_request_that_comes_on_a_new_connection_is_answered(
    serve: StartServer,
) -> None:
    """A client that connected just before the signal has not sent its request yet."""
    server = serve()
    with opened(server.ws("/control")) as client, closing(http(server)) as view:
        control = Control(client)
        view.request("GET", "/wait")
        control.until_begun()
        with closing(http(server)) as late:
            late.connect()
            signalled(server)
            late.request("GET", "/quick")
            response = late.getresponse()
            assert (response.status, response.read()) == (200, b"quick")
            assert response.headers["Connection"] == "close"
        control.go()
        assert view.getresponse().read() == b"told"
    assert ended(server) == 0


def test_a_second_signal_ends_at_once(serve: StartServer) -> None:
    """Whatever is under way is cut; websockets still get 1012."""
    server = serve()
    with opened(server.ws("/control")) as client, closing(http(server)) as view:
        view.request("GET", "/wait")
        Control(client).until_begun()
        signalled(server)
        before = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert close_code(client) == SERVICE_RESTART
        assert ended(server) == 0
        assert time.monotonic() - before < LONG
        assert view.sock.recv(1) == b""
    # A connection that looked whether the server still accepts may be counted, too. And
    # so soon it may not have been looked for calls yet.
    cut = r"[1-9] responses( and some calls)? are cut, after a second signal"
    assert re.search(cut, server.log.read_text())


def test_what_takes_too_long_is_cut(serve: StartServer) -> None:
    """After `graceful_timeout`, and the log says so."""
    server = serve(graceful_timeout=0.3)
    with (
        opened(server.ws("/control")) as client,
        closing(http(server)) as view,
        joined(server.ws("/")) as caller,
    ):
        control = Control(client)
        view.request("GET", "/wait")
        control.until_begun()
        caller.send(json.dumps([CALL, 1, {}, "com.example.wait"]))
        control.until_begun()
        server.process.send_signal(signal.SIGTERM)
        assert close_code(client) == SERVICE_RESTART
        assert ended(server) == 0
    log = server.log.read_text()
    assert "1 responses and some calls are cut, after 0.3 seconds" in log
    assert "Traceback" not in log


def test_websockets_can_be_closed_one_after_the_other(serve: StartServer) -> None:
    """Evenly within `close_spread` seconds."""
    spread = 1.0
    server = serve(close_spread=spread)
    with ExitStack() as stack:
        sessions = [stack.enter_context(joined(server.ws("/"))) for _ in range(4)]
        server.process.send_signal(signal.SIGTERM)
        closed: dict[Any, float] = {}
        deadline = time.monotonic() + SECONDS
        while len(closed) < len(sessions) and time.monotonic() < deadline:
            for each in set(sessions) - closed.keys():
                each.sock.settimeout(0.02)
                try:
                    code = close_code(each)
                except websocket.WebSocketTimeoutException:
                    continue
                assert code == SERVICE_RESTART
                closed[each] = time.monotonic()
    times = sorted(closed.values())
    assert len(times) == len(sessions)
    assert times[-1] - times[0] > spread / 2
    assert ended(server) == 0


def test_a_long_poll_does_not_hold_the_end(serve: StartServer) -> None:
    """It waits for messages that may never come; it is answered in the end."""
    server = serve()
    with opened(server.ws("/control")) as client, closing(http(server)) as poller:

        def post(action: str, body: str) -> bytes:
            poller.request("POST", f"/longpoll/{action}", body)
            return poller.getresponse().read()

        answer = json.loads(post("open", '{"protocols": ["wamp.2.json"]}'))
        transport = answer["transport"]
        post(f"{transport}/send", json.dumps([1, "realm1", {"roles": {"caller": {}}}]))
        assert json.loads(post(f"{transport}/receive", ""))[0] == 2
        Control(client).until_begun()
        poller.request("POST", f"/longpoll/{transport}/receive", "")
        Control(client).until_begun()
        before = time.monotonic()
        signalled(server)
        assert poller.getresponse().status in (200, 204)
        assert ended(server) == 0
        assert time.monotonic() - before < LONG


def test_an_encrypted_response_ends_before_the_server_does(
    processes: None, tmp_path: Path, certificates: Certificates
) -> None:
    """All of it, and the end of the TLS stream, too."""
    arguments = ["run", f"{APP}:app", "--port", "0", "--certfile", certificates.server]
    command = [sys.executable, "-c", COMMAND_LINE, *arguments]
    context = certificates.client_context()
    with running(command, tmp_path / "log") as server:
        address = urlsplit(server.url)
        view = HTTPSConnection(
            str(address.hostname), address.port, timeout=SECONDS, context=context
        )
        with (
            closing(view),
            opened(server.ws("/control"), sslopt={"context": context}) as client,
        ):
            view.request("GET", "/wait")
            control = Control(client)
            control.until_begun()
            signalled(server)
            control.go()
            assert view.getresponse().read() == b"told"
            assert close_code(client) == SERVICE_RESTART
        assert ended(server) == 0
        assert server.log.read_text() == ""


def test_an_interrupt_is_heard_where_a_shell_has_it_ignored(
    processes: None, tmp_path: Path
) -> None:
    """Shells have background jobs ignore SIGINT, and so do their children."""
    arguments = [sys.executable, "-c", COMMAND_LINE, "run", f"{APP}:app", "--port", "0"]
    source = (
        "import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        f"os.execv(sys.executable, {arguments!r})"
    )
    with running([sys.executable, "-c", source], tmp_path / "log") as server:
        assert server.stop() == 0


def test_a_hangup_is_ignored_under_nohup(processes: None, tmp_path: Path) -> None:
    """SIGHUP stays ignored if it was when the server started."""
    command = ["nohup", sys.executable, "-c", COMMAND_LINE, "run", f"{APP}:app"]
    with running([*command, "--port", "0"], tmp_path / "log") as server:
        assert ignores(server, signal.SIGHUP)
        server.process.send_signal(signal.SIGHUP)
        with closing(http(server)) as client:
            client.request("GET", "/quick")
            assert client.getresponse().read() == b"quick"
        assert server.stop() == 0


def ignores(server: Server, number: int) -> bool:
    """Whether the process ignores the signal (proc(5), ``SigIgn``)."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"^SigIgn:\s*([0-9a-f]+)$", status, re.MULTILINE)
    assert found is not None
    return bool(int(found[1], 16) >> (number - 1) & 1)
