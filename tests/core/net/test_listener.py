"""Listeners: where they listen, what they accept, and what they leave behind."""

from __future__ import annotations

import errno
import os
import resource
import socket
import stat
import time
from contextlib import ExitStack

import pytest

from tests.core.worlds import LOOP_WORLDS, SECONDS, LoopWorld
from wsocket.core.net import listener as listener_module
from wsocket.core.net.endpoints import parse_endpoint
from wsocket.core.net.limits import Limits
from wsocket.core.net.listener import Listener
from wsocket.core.net.listening import ListeningSocket

LOCAL = "tcp://127.0.0.1:0"


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def on(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


class Door:
    """A listener, and what it has let in."""

    def __init__(
        self, on: LoopWorld, listening: ListeningSocket, *, limits: Limits
    ) -> None:
        self.on = on
        self.listening = listening
        self.entered: list[tuple[socket.socket, dict[str, str]]] = []
        self.failing = False
        self._event = on.world.event()
        self.listener = Listener(
            on.loop, listening, limits=limits, accepted=self._accepted
        )

    def _accepted(self, sock: socket.socket, environ: dict[str, str]) -> None:
        if self.failing:
            raise KeyError("oops")
        self.entered.append((sock, environ))
        self._event.set()

    def wait(self, number: int = 1) -> None:
        """Wait until that many have been let in."""
        deadline = time.monotonic() + SECONDS
        while len(self.entered) < number:
            assert time.monotonic() < deadline
            self._event.clear()
            if len(self.entered) < number:
                self._event.wait(1)

    def dial(self) -> socket.socket:
        """Connect, as a client."""
        sock = self.on.world.socket_class(self.listening.sock.family)
        sock.settimeout(SECONDS)
        sock.connect(self.listening.sock.getsockname())
        return sock

    def close(self) -> None:
        self.listener.close()
        for sock, _ in self.entered:
            sock.close()


@pytest.fixture
def opened(on):
    """Open a listener that ends with the test."""
    with ExitStack() as stack:

        def open_one(url: str = LOCAL, *, limits: Limits | None = None) -> Door:
            listening = ListeningSocket(parse_endpoint(url))
            door = Door(on, listening, limits=limits or Limits())
            stack.callback(door.close)
            return door

        yield open_one


# Where


def test_a_free_port_is_picked_and_told(opened):
    """In the address, which is a URL."""
    door = opened()
    port = door.listening.sock.getsockname()[1]
    assert door.listener.address == f"tcp://127.0.0.1:{port}"
    assert port > 0
    assert door.listener.address in repr(door.listener)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_ipv6_is_written_in_brackets(opened):
    """As in every URL."""
    door = opened("tcp://[::1]:0")
    with door.dial() as client:
        door.wait()
        assert door.listener.address.startswith("tcp://[::1]:")
        _, environ = door.entered[0]
        assert environ == {
            "REMOTE_ADDR": "::1",
            "REMOTE_PORT": str(client.getsockname()[1]),
        }


def test_a_connection_comes_with_its_clients_address(opened):
    """As a WSGI environ has it; the socket is an ordinary one, without delays."""
    door = opened()
    with door.dial() as client:
        door.wait()
        sock, environ = door.entered[0]
        assert environ == {
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": str(client.getsockname()[1]),
        }
        assert type(sock) is socket.socket
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_unix_client_has_no_address(opened, tmp_path):
    """There is nothing to say."""
    door = opened(f"unix://{tmp_path}/s")
    with door.dial():
        door.wait()
        assert door.entered[0][1] == {}


def test_the_kernel_looks_after_quiet_tcp_connections(opened):
    """One that is cut off is found out within interval and timeout."""
    door = opened(limits=Limits(ping_interval=12, ping_timeout=6))
    with door.dial():
        door.wait()
        option = door.entered[0][0].getsockopt
        assert option(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_KEEPIDLE"):
            assert option(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 12
            assert option(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 2
            assert option(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert option(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 18_000


@pytest.mark.parametrize(
    "limits",
    [
        Limits(ping_interval=0.2, ping_timeout=0.1),
        Limits(ping_interval=1e6, ping_timeout=1e6),
    ],
    ids=["less than a second", "weeks"],
)
def test_the_kernel_gets_numbers_that_it_takes(opened, limits):
    """Whole seconds, and not too many."""
    door = opened(limits=limits)
    with door.dial():
        door.wait()
        assert door.entered[0][0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_without_an_interval_the_kernel_is_left_alone(opened):
    """`ping_interval=0` means: no pings of any kind."""
    door = opened(limits=Limits(ping_interval=0))
    with door.dial():
        door.wait()
        sock = door.entered[0][0]
        assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


# Accepting


def test_many_at_once_are_all_accepted(opened):
    """More than fit into one turn of the loop."""
    door = opened()
    clients = [door.dial() for _ in range(3 * listener_module.BATCH)]
    door.wait(len(clients))
    for client in clients:
        client.close()


def test_a_connection_that_fails_is_closed_and_logged(opened, caplog):
    """The next one is served."""
    door = opened()
    door.failing = True
    with door.dial() as client:
        assert client.recv(1) == b""
    assert "a new connection failed" in caplog.text
    door.failing = False
    with door.dial():
        door.wait()


class Failing:
    """A listening socket whose `accept` raises these errors before it works."""

    def __init__(self, sock: socket.socket, *numbers: int) -> None:
        self._sock = sock
        self.numbers = list(numbers)
        self.tried = 0

    def accept(self):
        self.tried += 1
        if self.numbers:
            number = self.numbers.pop(0)
            raise OSError(number, os.strerror(number))
        return self._sock.accept()

    def __getattr__(self, name: str):
        return getattr(self._sock, name)


@pytest.mark.parametrize("number", [errno.ECONNABORTED, errno.EPROTO, errno.ENETDOWN])
def test_a_connection_that_is_lost_before_it_is_accepted_is_nothing(
    opened, caplog, number
):
    """The next one is accepted at once, and nothing is logged."""
    door = opened()
    failing = door.listening.sock = Failing(door.listening.sock, number, number)
    with door.dial():
        door.wait()
    assert failing.numbers == []
    assert caplog.records == []


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS])
def test_what_the_system_lacks_is_waited_for(opened, caplog, monkeypatch, number):
    """It is said once, and accepting goes on when there is enough again."""
    monkeypatch.setattr(listener_module, "PAUSE", 0.05)
    door = opened()
    failing = door.listening.sock = Failing(door.listening.sock, number, number, number)
    with door.dial():
        door.wait()
    assert failing.tried <= 6
    [record] = caplog.records
    assert os.strerror(number) in record.getMessage()
    assert door.listener.address in record.getMessage()


def test_running_out_of_descriptors_does_not_keep_the_loop_busy(opened, caplog):
    """The kernel says EMFILE for as long as a client waits."""
    door = opened()
    counting = door.listening.sock = Failing(door.listening.sock)
    clients = [socket.socket()]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare = os.dup(0)
    os.close(spare)  # the lowest free descriptor: with this limit there is none
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare, hard))
    try:
        clients[0].connect(door.listening.sock.getsockname())
        deadline = time.monotonic() + SECONDS
        while "Too many open files" not in caplog.text:
            assert time.monotonic() < deadline
            door.on.run(time.sleep, 0.01)
        tried = counting.tried
        for _ in range(20):  # turns of the loop
            door.on.run(lambda: True)
        assert counting.tried <= tried + 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    door.wait()
    clients[0].close()


# Closing


def test_after_closing_nobody_gets_in_and_the_port_is_free(opened):
    """At once; what was accepted stays. Closing again does nothing."""
    door = opened()
    with door.dial() as client:
        door.wait()
        address = door.listening.sock.getsockname()
        door.listener.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        door.entered[0][0].sendall(b"still here")
        assert client.recv(10) == b"still here"
    door.listener.close()
    assert "closed" in repr(door.listener)
    again = ListeningSocket(parse_endpoint(f"tcp://127.0.0.1:{address[1]}"))
    again.release()


def test_any_thread_may_close(opened):
    """Or greenlet, as the case may be."""
    door = opened()
    door.on.world.start(door.listener.close).result()
    with pytest.raises(OSError, match="Bad file descriptor"):
        door.listening.sock.getsockname()


def test_closing_while_it_waits_for_descriptors_ends_that_too(opened, monkeypatch):
    """The pause does not open it again."""
    monkeypatch.setattr(listener_module, "PAUSE", 0.05)
    door = opened()
    failing = door.listening.sock = Failing(door.listening.sock, *[errno.EMFILE] * 1000)
    with door.dial():
        deadline = time.monotonic() + SECONDS
        while not failing.tried:
            assert time.monotonic() < deadline
            door.on.run(lambda: True)
        door.listener.close()
        tried = failing.tried
        door.on.run(time.sleep, 0.1)
        door.on.run(lambda: True)
        assert failing.tried == tried


# The file of a Unix socket


def test_a_unix_socket_is_a_file_until_it_is_closed(opened, tmp_path):
    """Then it is gone."""
    path = tmp_path / "s"
    door = opened(f"unix://{path}")
    assert door.listener.address == f"unix://{path}"
    assert stat.S_ISSOCK(path.stat().st_mode)
    door.listener.close()
    assert not path.exists()


def test_a_file_that_took_its_place_is_not_removed(opened, tmp_path):
    """It is somebody else's."""
    path = tmp_path / "s"
    door = opened(f"unix://{path}")
    path.unlink()
    path.write_text("mine")
    door.listener.close()
    assert path.read_text() == "mine"


def test_a_socket_that_was_left_behind_is_replaced(opened, tmp_path):
    """Its program has crashed: nobody listens."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
        crashed.listen()
    door = opened(f"unix://{path}")
    with door.dial():
        door.wait()


def test_a_socket_that_somebody_listens_on_is_not(opened, tmp_path):
    """And stays where it is."""
    door = opened(f"unix://{tmp_path}/s")
    with pytest.raises(OSError, match=r"/s is already in use: stop the program"):
        opened(f"unix://{tmp_path}/s")
    with door.dial():
        door.wait()


def test_a_busy_socket_is_not_taken_for_one_that_was_left_behind(opened, tmp_path):
    """Its queue is full: that is no reason to take its name away."""
    path = tmp_path / "s"
    with ExitStack() as stack:
        busy = stack.enter_context(socket.socket(socket.AF_UNIX))
        busy.bind(str(path))
        busy.listen(0)
        for _ in range(5):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            waiting.connect_ex(str(path))
        with pytest.raises(OSError, match="already in use"):
            opened(f"unix://{path}")
        assert path.exists()


# What cannot be


def test_another_file_is_never_replaced(opened, tmp_path):
    """Be it a folder, or a link to a socket that was left behind."""
    plain, folder, link = (tmp_path / name for name in ("plain", "folder", "link"))
    plain.write_text("precious")
    folder.mkdir()
    left = tmp_path / "left"
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(left))
    link.symlink_to(left)
    for path in (plain, folder, link):
        with pytest.raises(OSError, match="is a file that is not a socket: remove it"):
            opened(f"unix://{path}")
    assert plain.read_text() == "precious"
    assert link.is_symlink()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("unix:///no/such/folder/s", "is in a folder that does not exist: make the"),
        ("unix:///dev/null/s", "is not in a folder: choose another path"),
        ("unix:///" + "x" * 200, "is too long for a socket: choose a path of at most"),
        ("tcp://192.0.2.1:0", r"192\.0\.2\.1 is no address of this machine"),
        ("tcp://no-such-host.invalid:0", "cannot listen on 'no-such-host.invalid'"),
    ],
)
def test_the_error_says_what_to_do(opened, url, said):
    """An OSError, as every server raises it."""
    with pytest.raises(OSError, match=said):
        opened(url)


def test_a_port_in_use_is_named(opened):
    """With what to do about it."""
    address = opened().listener.address
    port = address.rpartition(":")[2]
    with pytest.raises(
        OSError, match=rf"port {port} on 127\.0\.0\.1 is already in use"
    ):
        opened(address)
