"""More connections than a server may have, or than the system has room for."""

from __future__ import annotations

import json
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import websocket

from tests.certificates import Certificates
from tests.programs import COMMAND_LINE, Server, running
from tests.steady.peers import SECONDS, ask, joined, opened
from tests.steady.serving import StartServer

HALF = b"GET /quick HTTP/1.1\r\nHost: a\r\n"
WHOLE = HALF + b"\r\n"
PROMPT = 5.0  # seconds, on a busy machine


@pytest.fixture
def app() -> str:
    return "tests.steady.crowded"


def connect(server: Server, data: bytes = b"") -> socket.socket:
    address = urlsplit(server.url)
    sock = socket.create_connection((address.hostname, address.port), SECONDS)
    sock.sendall(data)
    return sock


def status(sock: socket.socket) -> bytes:
    """The status of the response that comes, b"" if the connection just ends."""
    received = b""
    with suppress(ConnectionResetError):
        while b"\r\n\r\n" not in received and (data := sock.recv(4096)):
            received += data
    return received[9:12]


def get(server: Server, path: str) -> str:
    address = urlsplit(server.url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def eventually(what: Callable[[], bool]) -> None:
    """Wait until *what* is true; while it raises what clients raise, it is not."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException, websocket.WebSocketException):
            if what():
                return
        time.sleep(0.05)
    pytest.fail("it never came true")


def serves(server: Server) -> bool:
    return get(server, "/quick") == "quick"


def census(server: Server) -> dict[str, float]:
    found: dict[str, float] = json.loads(get(server, "/census"))
    return found


@contextmanager
def limited(server: Server, kind: int, soft: int) -> Iterator[None]:
    """Give the running server less of something until the block ends."""
    before = resource.prlimit(server.process.pid, kind)
    resource.prlimit(server.process.pid, kind, (soft, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, kind, before)


def memory(server: Server) -> int:
    """What RLIMIT_AS counts, in bytes."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[0]
    return int(pages) * resource.getpagesize()


# Limits


def test_an_address_with_too_many_connections_gets_503(serve: StartServer) -> None:
    """Until it closes one of them."""
    server = serve(max_connections_per_address=3)
    with ExitStack() as stack:
        first, *_ = [stack.enter_context(connect(server)) for _ in range(3)]
        assert status(stack.enter_context(connect(server, WHOLE))) == b"503"
        first.close()
        eventually(lambda: serves(server))
    log = server.log.read_text()
    assert log.count("127.0.0.1 has 3 already") == 1


def test_websockets_count_for_their_address(serve: StartServer) -> None:
    """Plain ones and sessions, until they are closed."""
    server = serve(max_connections_per_address=2)
    with ExitStack() as stack:
        with (
            opened(server.ws("/control")),
            opened(server.ws("/"), subprotocols=["wamp.2.json"]),
        ):
            assert status(stack.enter_context(connect(server, WHOLE))) == b"503"
        eventually(lambda: serves(server))


def test_the_connection_that_waits_longest_makes_room(serve: StartServer) -> None:
    """A server that is full closes it, so that nobody can keep the others out."""
    server = serve(max_connections=3)
    with ExitStack() as stack:
        silent = [stack.enter_context(connect(server)) for _ in range(3)]
        before = time.monotonic()
        assert serves(server)
        assert time.monotonic() - before < PROMPT
        assert silent[0].recv(1) == b""


def test_half_open_requests_keep_nobody_out(serve: StartServer) -> None:
    """There are more of them than the server takes, and each is served all the same."""
    server = serve(max_connections=20)
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connect(server, HALF))
        before = time.monotonic()
        assert serves(server)
        assert time.monotonic() - before < PROMPT
        assert census(server)["threads"] < 20 + 15


def test_beyond_the_limit_connections_wait_for_responses(serve: StartServer) -> None:
    """Nothing that is under way is cut for them."""
    server = serve(max_connections=2)
    with opened(server.ws("/control")) as client, ExitStack() as stack:
        busy = stack.enter_context(connect(server, b"GET /wait HTTP/1.0\r\n\r\n"))
        client.send("begun?")
        assert client.recv() == "begun"
        waiting = stack.enter_context(connect(server, WHOLE))
        waiting.settimeout(0.2)
        with pytest.raises(TimeoutError):
            waiting.recv(1)
        waiting.settimeout(SECONDS)
        client.send("go")
        assert status(busy) == b"200"
        assert status(waiting) == b"200"


def test_handshakes_that_do_not_end_make_room(
    processes: None, tmp_path: Path, certificates: Certificates
) -> None:
    """A connection that waits for TLS waits for a request, too; it is closed."""
    arguments = ["run", "tests.steady.crowded:app", "--port", "0"]
    arguments += ["--certfile", certificates.server, "--max-connections", "3"]
    command = [sys.executable, "-c", COMMAND_LINE, *arguments]
    with running(command, tmp_path / "log") as server, ExitStack() as stack:
        silent = [stack.enter_context(connect(server)) for _ in range(6)]
        context = certificates.client_context()
        with urlopen(server.http("/quick"), timeout=SECONDS, context=context) as found:
            assert found.read() == b"quick"
        for each in silent[:4]:
            assert each.recv(1) == b""


# Shortages


def test_without_descriptors_accepting_pauses(serve: StartServer) -> None:
    """One line when it begins, one when it is over, and no busy loop between."""
    server = serve()
    before = census(server)
    room = int(before["descriptors"]) + 10
    with ExitStack() as stack:
        with limited(server, resource.RLIMIT_NOFILE, room):
            for _ in range(30):
                stack.enter_context(connect(server))
            eventually(lambda: "cannot take a connection" in server.log.read_text())
            time.sleep(1)
        eventually(lambda: serves(server))
    used = census(server)["cpu"] - before["cpu"]
    eventually(lambda: "it works again" in server.log.read_text())
    lines = server.log.read_text().splitlines()
    assert len(lines) == 2
    assert "Too many open files" in lines[0]
    assert used < 0.5
    eventually(lambda: census(server)["descriptors"] <= before["descriptors"])


@pytest.mark.parametrize("subprotocols", [[], ["wamp.2.json"]], ids=["plain", "wamp"])
def test_an_upgrade_without_descriptors_gets_503(
    serve: StartServer, subprotocols: list[str]
) -> None:
    """Not an error page with a traceback; afterwards websockets are opened again."""
    server = serve()
    with opened(server.ws("/control"), subprotocols=subprotocols):
        pass  # whatever is needed once is there
    eventually(lambda: census(server)["descriptors"] > 0)
    with ExitStack() as stack:
        sockets = [stack.enter_context(connect(server, WHOLE)) for _ in range(2)]
        assert [status(each) for each in sockets] == [b"200", b"200"]
        address = urlsplit(server.url)
        # Nothing but the two connections can be opened from now on.
        with limited(server, resource.RLIMIT_NOFILE, 4):
            for sock in sockets:
                assert upgrade_status(sock, address.netloc, subprotocols) == b"503"
    eventually(lambda: can_open(server, subprotocols))
    log = server.log.read_text()
    assert log.count("websockets are refused with 503: ") == 1 + log.count("again")
    assert "Traceback" not in log


def upgrade_status(sock: socket.socket, host: str, subprotocols: list[str]) -> bytes:
    offer = "".join(f"Sec-WebSocket-Protocol: {name}\r\n" for name in subprotocols)
    sock.sendall(
        f"GET /control HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n".encode()
    )
    return status(sock)


def can_open(server: Server, subprotocols: list[str]) -> bool:
    with opened(server.ws("/control"), subprotocols=subprotocols) as client:
        return bool(client.connected)


@pytest.mark.parametrize("serve", ["threads"], indirect=True)
def test_without_room_for_threads_clients_get_503(serve: StartServer) -> None:
    """HTTP and websockets alike; sessions go on, and it recovers by itself."""
    server = serve()
    with joined(server.ws("/")):  # the first session of a process takes a descriptor
        for _ in range(3):
            assert can_open(server, [])
    before = census(server)
    room = memory(server) + 40 * 2**20  # for less than 6 stacks
    with (
        ExitStack() as stack,
        joined(server.ws("/")) as session,
        limited(server, resource.RLIMIT_AS, room),
    ):
        # Threads that wait for connections serve the first ones.
        clients = [stack.enter_context(connect(server)) for _ in range(40)]
        for each in clients:
            with suppress(ConnectionError):
                each.sendall(WHOLE)
        answers = {status(each) for each in clients}
        assert ask(session, [48, 1, {}, "com.example.none"])[0] == 8
    assert answers <= {b"200", b"503", b""}
    assert b"503" in answers
    eventually(lambda: serves(server) and can_open(server, []))
    eventually(lambda: census(server)["descriptors"] <= before["descriptors"])
    log = server.log.read_text()
    assert "can't start new thread" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("serve", ["threads"], indirect=True)
@pytest.mark.parametrize("warm", [False, True], ids=["the loop's", "a handler's"])
def test_an_upgrade_without_room_for_a_thread_gets_503(
    serve: StartServer, warm: bool
) -> None:
    """The connection was taken over already; it is closed, and nothing leaks."""
    server = serve()
    address = urlsplit(server.url)
    with ExitStack() as stack:
        if warm:  # it stays: the stack of a thread that has ended would be used again
            stack.enter_context(opened(server.ws("/control")))
        sockets = [stack.enter_context(connect(server, WHOLE)) for _ in range(4)]
        assert {status(each) for each in sockets} == {b"200"}
        before = census(server)
        with limited(server, resource.RLIMIT_AS, memory(server) + 2**21):  # no stack
            for sock in sockets:
                assert upgrade_status(sock, address.netloc, []) == b"503"
                assert sock.recv(1) == b""
    eventually(lambda: can_open(server, []))
    eventually(
        lambda: census(server)["descriptors"] <= before["descriptors"] + 10 * (not warm)
    )
    log = server.log.read_text()
    assert log.count("websockets are refused with 503: ") == 1 + log.count("again")
    assert "Traceback" not in log
