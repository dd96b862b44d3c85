"""`make_server` and `run`: starting, stopping, and what cannot be listened on."""

from __future__ import annotations

import contextlib
import errno
import logging
import signal
import socket
import sys
import time
from urllib.request import urlopen

import pytest

from tests.patience import SECONDS
from tests.programs import STOP_SECONDS, ended, running
from tests.serving import in_thread
from wsocket.core.http.connection import HttpConnection
from wsocket.core.http.serve import make_server, run
from wsocket.core.http.servers import Server


def hello(environ, start_response):
    """A WSGI application that says where it listens."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['SERVER_NAME']} {environ['SERVER_PORT']}".encode()]


def has_ipv6() -> bool:
    """Whether this machine has the loopback address of IPv6."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


HOSTS = {
    "127.0.0.1": ["127.0.0.1"],
    "localhost": ["127.0.0.1"],
    "": ["127.0.0.1"],
    "0.0.0.0": ["127.0.0.1"],
}
if has_ipv6():
    HOSTS |= {"::1": ["[::1]"], "::": ["[::1]", "127.0.0.1"]}


@pytest.mark.parametrize("host", HOSTS)
def test_server_listens_on_names_and_addresses(host):
    """IPv4 and IPv6, one or all; port 0 picks a free one."""
    with make_server(host, 0, hello) as server, in_thread(server):
        assert server.server_port == server.server_address[1] > 0
        for reachable in HOSTS[host]:
            with urlopen(f"http://{reachable}:{server.server_port}/") as response:
                assert response.read().decode().endswith(f" {server.server_port}")


def test_server_that_was_shut_down_no_longer_listens():
    """The port is free at once."""
    with make_server("127.0.0.1", 0, hello) as server, in_thread(server):
        address = server.server_address
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, SECONDS)
    with make_server(*address, hello):
        pass


def test_many_clients_may_connect_at_once():
    """They wait in the kernel's queue until they are accepted."""
    with make_server("127.0.0.1", 0, hello) as server, contextlib.ExitStack() as stack:
        for _ in range(200):
            client = socket.create_connection(server.server_address, SECONDS)
            stack.enter_context(client)


@pytest.mark.parametrize(
    ("arguments", "error", "problem"),
    [
        (
            ("127.0.0.1", 0, "app"),
            TypeError,
            "WSGI application .a callable., not 'app'",
        ),
        (("127.0.0.1", "80", hello), ValueError, "port must be an int .* not '80'"),
        (("127.0.0.1", 65536, hello), ValueError, "from 0 to 65535, not 65536"),
        (("127.0.0.1", -1, hello), ValueError, "from 0 to 65535, not -1"),
        (("192.0.2.1", 0, hello), OSError, "192.0.2.1 is no address of this machine"),
    ],
)
def test_what_cannot_work_is_refused(arguments, error, problem):
    """The message names the argument."""
    with pytest.raises(error, match=problem):
        make_server(*arguments)


def test_timeout_must_be_positive():
    """Without one, an idle client would hold its thread for ever."""
    with pytest.raises(ValueError, match="timeout must be a positive number"):
        make_server("127.0.0.1", 0, hello, timeout=0)


@pytest.mark.parametrize("context", ["cert.pem", 0, False])
def test_context_for_tls_must_be_one(context):
    """A path is not; nor is anything that happens to be false."""
    with pytest.raises(TypeError, match="ssl_context must be an"):
        make_server("127.0.0.1", 0, hello, ssl_context=context)


def test_unknown_host_is_refused_by_name(monkeypatch):
    """The resolver's own message does not say which."""

    def getaddrinfo(*arguments, **more):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(OSError, match="cannot listen on 'nowhere': Name or service"):
        make_server("nowhere", 80, hello)


def test_port_in_use_is_named():
    """With what to do; `run` says the same and exits with status 1."""
    with make_server("127.0.0.1", 0, hello) as server:
        port = server.server_port
        problem = f"port {port} on 127.0.0.1 is already in use: .* another port"
        with pytest.raises(OSError, match=problem) as refused:
            make_server("127.0.0.1", port, hello)
        assert refused.value.errno == errno.EADDRINUSE
        with pytest.raises(SystemExit, match=f"wsocket: {problem}"):
            run(hello, port=port)


@pytest.mark.processes
def test_process_that_cannot_listen_exits_with_1():
    """One line on stderr, no traceback, and the app is left alone."""
    with make_server("127.0.0.1", 0, hello) as server:
        command = program("threads", f"run(App(), port={server.server_port})")
        done = ended(command)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("wsocket: port ")


def test_unexpected_failure_of_a_connection_is_logged(caplog, monkeypatch):
    """With its traceback; the next one is served."""

    def fail(self) -> None:
        raise ValueError("a bug")

    with make_server("127.0.0.1", 0, hello) as server, in_thread(server):
        with monkeypatch.context() as patched:
            patched.setattr(HttpConnection, "serve_for_now", fail)
            with socket.create_connection(server.server_address, SECONDS) as client:
                assert client.recv(1) == b""
        with urlopen(f"http://127.0.0.1:{server.server_port}/") as response:
            assert response.status == 200
    deadline = time.monotonic() + SECONDS
    errors: list[logging.LogRecord] = []
    while not errors and time.monotonic() < deadline:  # the thread logs when it ends
        errors = [each for each in caplog.records if each.levelno == logging.ERROR]
    [record] = errors
    assert record.getMessage().startswith("the connection of ('127.0.0.1', ")
    assert record.exc_info[0] is ValueError


def test_shutdown_before_serving_is_heard():
    """A server that was told to stop before it began returns at once."""
    with make_server("127.0.0.1", 0, hello) as server:
        server.shutdown()
        server.serve_forever()
        with in_thread(server), urlopen(f"http://127.0.0.1:{server.server_port}/"):
            pass  # it can be started again


# run, in a process of its own

PATCH = {"threads": "", "gevent": "from gevent import monkey; monkey.patch_all()\n"}
PROGRAM = """
import logging, signal, sys
from wsocket.core.http.connection import HttpConnection
from wsocket.core.http.serve import make_server, run
from wsocket.log import logger
from tests.core.http.test_serve import hello
logger.setLevel(logging.INFO)
class App:
    __call__ = staticmethod(hello)
    def close(self):
        print("closed", flush=True)
"""


def program(kind: str, *lines: str) -> list[str]:
    """A program that is run on one of the servers."""
    source = PATCH[kind] + PROGRAM + "\n".join(lines)
    return [sys.executable, "-c", source]


@pytest.mark.processes
@pytest.mark.parametrize("kind", PATCH)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_the_server_cleanly(kind, number, tmp_path):
    """Exit status 0, no traceback, the app is closed, and the program goes on."""
    restored = "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    command = program(kind, "run(App(), port=0)", restored)
    with running(command, tmp_path / "log") as server:
        with urlopen(server.url) as response:
            assert response.read().startswith(b"127.0.0.1 ")
        server.process.send_signal(number)
        assert server.process.wait(STOP_SECONDS) == 0
        assert server.process.stdout.read() == "closed\nwsocket: stopped\nTrue\n"
    log = server.log.read_text()
    assert "Traceback" not in log
    assert '"GET / HTTP/1.1" 200 ' in log


@pytest.mark.processes
@pytest.mark.parametrize("kind", PATCH)
def test_start_line_has_an_address_that_works(kind, tmp_path):
    """A wildcard is no address that a browser could open."""
    command = program(kind, "run(App(), '0.0.0.0', 0)")
    with running(command, tmp_path / "log") as server:
        assert server.url.startswith("http://127.0.0.1:")
        with urlopen(server.url) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://localhost:"),
        *([("::1", "http://[::1]:")] if has_ipv6() else []),
    ],
)
def test_start_line_names_the_host_as_given(host, url, capsys, monkeypatch):
    """An IPv6 address in brackets."""
    monkeypatch.setattr(Server, "serve_forever", lambda self: None)
    run(hello, host, 0)
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"wsocket: serving on {url}")
    assert first.endswith("/")
    assert last == "wsocket: stopped"


@pytest.mark.processes
@pytest.mark.parametrize("kind", PATCH)
def test_run_works_outside_the_main_thread(kind, tmp_path):
    """Where no signal handler can be installed; the program stops it by ending."""
    command = program(
        kind,
        "import threading",
        "thread = threading.Thread(",
        "    target=run, args=(App(),), kwargs={'port': 0}, daemon=True",
        ")",
        "try:",
        "    thread.start()",
        "    threading.Event().wait()",
        "except KeyboardInterrupt: print('interrupted', flush=True)",
    )
    with running(command, tmp_path / "log") as server:
        with urlopen(server.url) as response:
            assert response.status == 200
        assert server.stop() == 0
        assert server.process.stdout.read() == "interrupted\n"


@pytest.mark.processes
@pytest.mark.parametrize("kind", PATCH)
def test_server_is_a_context_manager_that_another_thread_stops(kind):
    """The interface is wsgiref's, on both servers."""
    command = program(
        kind,
        "import threading",
        "from urllib.request import urlopen",
        "with make_server('127.0.0.1', 0, App()) as server:",
        "    thread = threading.Thread(target=server.serve_forever)",
        "    thread.start()",
        "    with urlopen(f'http://127.0.0.1:{server.server_port}/') as response:",
        "        print(response.read().decode())",
        "    server.shutdown()",
        "    thread.join()",
        "print(server.server_address)",
    )
    done = ended(command)
    assert done.returncode == 0, done.stderr
    answer, address = done.stdout.splitlines()
    host, port = answer.split()
    assert address == f"('{host}', {port})"
