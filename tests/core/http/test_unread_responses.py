"""Large responses that clients read slowly or not at all."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.certificates import Certificates
from tests.core.http.http_client import (
    KINDS,
    PATCHED,
    Client,
    Connect,
    fetch,
    run_app,
)
from tests.core.net.tls.tls_app import SIZE
from tests.patience import SECONDS
from tests.programs import Server, running
from tests.serving import in_thread
from wsocket import make_server

LARGE = 10_000_000  # bytes of /large
ROOM = 3  # such responses that a server keeps, besides the largest
MANY = 12
STEP = 500_000  # bytes that a slow client reads at a time
OVER_TLS = "from tests.core.net.tls.tls_app import serve; "


@pytest.fixture(scope="module", params=KINDS)
def plain(processes, request, tmp_path_factory) -> Iterator[Server]:
    """A server that keeps a few large responses."""
    limit = ROOM * LARGE
    with run_app(request.param, tmp_path_factory, max_unsent_bytes=limit) as started:
        yield started


@pytest.fixture(scope="module", params=KINDS)
def encrypted(processes, request, certificates, tmp_path_factory) -> Iterator[Server]:
    """The same over TLS."""
    patch = PATCHED if request.param == "gevent" else ""
    call = f"serve({certificates.server!r}, max_unsent_bytes={ROOM * SIZE})"
    command = [sys.executable, "-c", f"{patch}{OVER_TLS}{call}"]
    with running(command, tmp_path_factory.mktemp(request.param) / "log") as started:
        yield started


@pytest.fixture(scope="module", params=KINDS)
def strict(processes, request, tmp_path_factory) -> Iterator[Server]:
    """A server that keeps next to nothing."""
    with run_app(request.param, tmp_path_factory, max_unsent_bytes=1) as started:
        yield started


@pytest.fixture
def connect_encrypted(certificates: Certificates) -> Iterator[Connect]:
    """The same over TLS."""
    context = certificates.client_context()
    with contextlib.ExitStack() as stack:

        def connect(server: Server) -> Client:
            client = Client(server)
            client.sock = context.wrap_socket(client.sock, server_hostname="localhost")
            stack.callback(client.sock.close)
            return client

        yield connect


class Resets:
    """Sees when connections are reset, without reading from them."""

    def __init__(self) -> None:
        self._poll = select.poll()

    def watch(self, client: Client) -> None:
        self._poll.register(client.sock, 0)

    def wait(self, number: int) -> None:
        """Wait until so many are reset."""
        while number > 0:
            found = self._poll.poll(SECONDS * 1000)
            assert found, f"{number} connections were not reset"
            for descriptor, event in found:
                assert event & select.POLLERR
                self._poll.unregister(descriptor)
            number -= len(found)


def read(client: Client, size: int) -> bytes:
    """Read so much, or to the end."""
    received = bytearray()
    while len(received) < size and (data := client.sock.recv(65536)):
        received += data
    return bytes(received)


def assert_whole(response: bytes) -> None:
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(body) == int(head.lower().partition(b"content-length: ")[2].split()[0])


def read_slowly_beside_others(server: Server, connect: Connect) -> None:
    """Who reads nothing is reset, and who reads gets all."""
    reader, resets = connect(server), Resets()
    reader.get(b"/large", b"Connection: close")
    received = read(reader, STEP)
    for _ in range(MANY):
        silent = connect(server)
        silent.get(b"/large")
        resets.watch(silent)
        silent.sock.recv(1)  # the response has begun
        received += read(reader, STEP)
    resets.wait(MANY - ROOM - 1)
    assert_whole(received + reader.rest())
    log = server.log.read_text()
    assert "(max_unsent_bytes) is reached" in log
    assert "Traceback" not in log


def test_slow_reader_gets_all_beside_many_who_read_nothing(plain, connect):
    """Although it has begun before them. Those are reset."""
    read_slowly_beside_others(plain, connect)


def test_slow_reader_gets_all_over_tls(encrypted, connect_encrypted):
    """There others are between the client and the response."""
    read_slowly_beside_others(encrypted, connect_encrypted)


def test_generator_is_closed_when_its_client_is_cut_off(strict, connect):
    """Its items are weighed one by one."""
    resets = Resets()
    for _ in range(3):
        client = connect(strict)
        client.get(b"/endless")
        client.sock.recv(1)
        resets.watch(client)
    resets.wait(1)
    assert fetch(strict, "/endless/closed")[1] == b"True"


def test_what_the_kernel_takes_at_once_is_not_weighed(strict, connect):
    """As with all small responses."""
    clients = [connect(strict) for _ in range(30)]
    for client in clients:
        client.get(b"/", b"Connection: close")
    for client in clients:
        assert_whole(client.rest())


def test_one_response_may_be_larger_than_the_limit(strict, connect):
    """One after the other, too: what was taken is given back."""
    for _ in range(3):
        client = connect(strict)
        client.get(b"/large", b"Connection: close")
        assert_whole(client.rest())


# Whatever ends a response, what it kept is given back.


def large(environ, start_response):
    """Send one large item, and then do what the path says."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"x" * LARGE
    if environ["PATH_INFO"] == "/failing":
        raise ValueError("after a large item")


def close(sock: socket.socket) -> None:
    sock.close()


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def read_all(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass


def read_nothing(sock: socket.socket) -> None:
    """Until the server has lost its patience."""
    poll = select.poll()
    poll.register(sock, 0)
    assert poll.poll(SECONDS * 1000)
    with pytest.raises(ConnectionResetError):
        read_all(sock)


@pytest.mark.parametrize(
    ("path", "end"),
    [
        *itertools.product(["/"], [close, reset, read_all, read_nothing]),
        ("/failing", read_all),
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_what_a_response_kept_is_given_back(path, version, end):
    """However it ends; an incomplete one ends with a reset."""
    request = f"GET {path} HTTP/{version}\r\nHost: a\r\nConnection: close\r\n\r\n"
    patience = 1.0 if end is read_nothing else SECONDS
    server = make_server("127.0.0.1", 0, large, timeout=patience)
    client = socket.create_connection(server.server_address, SECONDS)
    with server, in_thread(server), client:
        client.sendall(request.encode())
        wait_until(lambda: server.unsent.used)
        with contextlib.suppress(ConnectionResetError):
            end(client)
        wait_until(lambda: not server.unsent.used)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
