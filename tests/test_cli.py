"""The command ``wsocket``: usage errors, finding the application, patching, the end."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.patience import SECONDS
from tests.programs import COMMAND_LINE, STOP_SECONDS, Server, ended, running, started
from tests.wamp.transports.rawsocket.client import rawsocket
from wsocket import cli

COMMAND = (sys.executable, "-c", COMMAND_LINE)

HELLO = """
import time
from gevent.monkey import is_module_patched

patched = is_module_patched("time") and is_module_patched("socket")
sleep_is_cooperative = "gevent" in time.sleep.__module__

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{patched} {sleep_is_cooperative}".encode()]

not_an_app = 5

def make():
    return app

async def answer(scope, receive, send):
    pass

from wsocket import WSocketApp
"""

REFUSED = """
from wsocket import WSocketApp

app = WSocketApp(protocol="wamp")
"""

SIGNALLED = """
import signal

from gevent.monkey import get_original

sleep = get_original("time", "sleep")


def interrupt_this_thread():
    sleep(1)  # until the main thread waits
    signal.pthread_kill(get_original("_thread", "get_ident")(), signal.SIGINT)


def app(environ, start_response):
    get_original("_thread", "start_new_thread")(interrupt_this_thread, ())
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""

BROKEN_VIEW = """
from wsocket import WSocketApp, logger

application = WSocketApp()

@application.route("/")
def index(environ, start_response):
    logger.debug("fine print")
    raise KeyError("secret detail")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an application in it."""
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "refused.py").write_text(REFUSED)
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "web.py").write_text(HELLO)
    return tmp_path


@pytest.fixture
def serve(
    processes: None, folder: Path, tmp_path: Path
) -> Iterator[Callable[..., Server]]:
    """Start ``wsocket run`` in the folder."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> Server:
            command = [*COMMAND, "run", *arguments, "--port", "0"]
            return stack.enter_context(running(command, tmp_path / "log", cwd=folder))

        yield start


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    return ended([*COMMAND, *arguments], cwd=folder)


def fetch(server: Server) -> str:
    with urlopen(server.url, timeout=SECONDS) as response:
        return str(response.read().decode())


# Usage errors


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "COMMAND"),
        (("fly",), "fly"),
        (("run",), "MODULE:APP"),
        (
            ("run", "hello", "--port", "many"),
            "expected a number from 0 to 65535, got 'many'",
        ),
        (("run", "hello", "--port", "65536"), "65536"),
        (("run", "hello", "--port", "-1"), "-1"),
        (("run", "nowhere"), "there is no module 'nowhere' in"),
        (("run", "package.nowhere"), "there is no module 'package.nowhere'"),
        (("run", "hello:nothing"), "module 'hello' has no 'nothing'"),
        (("run", "hello:not_an_app"), "not a WSGI application but 5"),
        (("run", "./hello.py"), "not the name of a module; say MODULE:APP"),
        (("run", "hello.py"), "'hello.py' is a file"),
        (("run", "hello.py:app"), "say MODULE:APP, here hello:app"),
        (
            ("run", "hello:make()"),
            "write app = make() in the module, and say hello:app",
        ),
        (("run", "hello:ap"), "has no 'ap'; say MODULE:APP; did you mean 'app'?"),
        (
            ("run", "hello:make"),
            "(environ, start_response), got function make(), which",
        ),
        (("run", "hello:make"), "if it makes one, write app = make() in the module"),
        (("run", "hello:WSocketApp"), "hello:WSocketApp: expected a WSGI application"),
        (("run", "hello:WSocketApp"), "got the class WSocketApp itself"),
        (("run", "hello:answer"), "expected a plain callable, got an async function"),
        (("run", "refused"), "refused.py:4: protocol: expected 'WAMP' (in capitals)"),
        (("run", "refused"), "got 'wamp'; write protocol='WAMP'"),
        (
            ("run", "hello", "--host", "127.0.0.1:8000"),
            "--host: expected a name or an address alone, got '127.0.0.1:8000'; write "
            "host='127.0.0.1', port=8000",
        ),
        (
            ("run", "hello", "--reload", "--host", "http://localhost"),
            "got 'http://localhost'; leave out the scheme",
        ),
        (("run", ":app"), "'' is not the name of a module"),
        (("run", ".hello"), "not the name of a module"),
        (("run", ""), "not the name of a module"),
        (("run", "hello", "--unix", ""), "--unix: expected a path, got an empty one"),
        (("run", "hello", "--host", "a..b"), "--host: 'a..b' is no host name: "),
        (("run", "hello", "--keyfile", "key.pem"), "--keyfile needs --certfile"),
        (("run", "hello", "--certfile", "no.pem"), "cannot read no.pem: No such file"),
    ],
    ids=" ".join,
)
def test_a_usage_error_exits_with_2_and_says_what_is_wrong(folder, arguments, said):
    """On stderr, without a traceback."""
    done = call(folder, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.processes
def test_what_we_refuse_in_the_application_has_its_traceback_with_debug(folder):
    """Who did not expect it sees the way there."""
    done = call(folder, "run", "refused", "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert "refused.py:4: protocol: expected 'WAMP'" in done.stderr.splitlines()[-1]


@pytest.mark.processes
def test_what_the_application_raises_itself_keeps_its_traceback(folder):
    """Also if it is the kind of error that we raise."""
    (folder / "broken.py").write_text("import wsocket\nint('x')\n")
    done = call(folder, "run", "broken")
    assert done.returncode == 1
    assert re.search(r'File ".*broken\.py", line 2', done.stderr)


@pytest.mark.processes
@pytest.mark.parametrize("missing", ["missing", "brok", "broken_helper"])
def test_a_module_that_the_application_misses_is_the_applications_problem(
    folder, missing
):
    """Its traceback shows where it is imported, whatever it is called."""
    (folder / "broken.py").write_text(f"import {missing}")
    done = call(folder, "run", "broken")
    assert done.returncode == 1
    assert f"No module named '{missing}'" in done.stderr
    assert re.search(r'File ".*broken\.py", line 1', done.stderr)


def test_an_address_in_use_is_reported_without_a_traceback(serve, folder):
    """With what to do."""
    port = serve("hello").url.rstrip("/").rpartition(":")[2]
    done = call(folder, "run", "hello", "--port", port)
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 is already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_explains_the_arguments(capsys):
    """And exits with 0."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["run", "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for word in ("MODULE:APP", "--host", "127.0.0.1", "--port", "8080", "--debug"):
        assert word in shown
    assert "--certfile" in shown
    assert "--keyfile" in shown


# Serving


@pytest.mark.parametrize("target", ["hello:app", "hello", "package.web:app"])
def test_the_application_is_found_in_the_current_folder(serve, target):
    """APP may be left out when it is called app; modules may lie in packages."""
    assert fetch(serve(target))


def test_the_process_is_patched_before_the_application_is_imported(serve):
    """Its own blocking calls are cooperative from the first line on."""
    assert fetch(serve("hello")) == "True True"


def test_without_debug_an_error_page_keeps_its_secrets(serve, folder):
    """They are in the log."""
    (folder / "broken.py").write_text(BROKEN_VIEW)
    server = serve("broken:application")
    with pytest.raises(HTTPError) as caught:
        fetch(server)
    assert caught.value.code == 500
    assert "secret detail" not in caught.value.read().decode()
    caught.value.close()
    assert server.stop() == 0
    assert "secret detail" in server.log.read_text()
    assert "fine print" not in server.log.read_text()


def test_debug_shows_tracebacks_and_logs_everything(serve, folder):
    """On the error page, and from level DEBUG on."""
    (folder / "broken.py").write_text(BROKEN_VIEW)
    server = serve("broken:application", "--debug")
    with pytest.raises(HTTPError) as caught:
        fetch(server)
    assert "secret detail" in caught.value.read().decode()
    caught.value.close()
    assert server.stop() == 0
    assert "fine print" in server.log.read_text()


def test_a_signal_that_interrupts_nothing_is_heard(serve, folder):
    """The system may deliver it to a thread that has nothing to do with it, or just
    before the main thread waits.
    """
    (folder / "signalled.py").write_text(SIGNALLED)
    server = serve("signalled")
    fetch(server)
    assert server.process.wait(STOP_SECONDS) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_quietly(serve, number):
    """Exit code 0 and nothing on stderr."""
    server = serve("hello")
    fetch(server)
    server.process.send_signal(number)
    assert server.process.wait(SECONDS) == 0
    assert server.log.read_text() == ""


@pytest.mark.parametrize("split", [False, True], ids=["one file", "two files"])
def test_a_certificate_makes_it_https(serve, certificates, split):
    """The start line says so, and HTTP/1.1 is agreed on."""
    key = ("--keyfile", certificates.server_key) if split else ()
    server = serve("hello", "--certfile", certificates.server, *key)
    assert server.url.startswith("https://127.0.0.1:")
    context = certificates.client_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with urlopen(server.url, timeout=SECONDS, context=context) as response:
        assert response.read() == b"True True"
    address = urlsplit(server.url)
    connection = socket.create_connection((address.hostname, address.port), SECONDS)
    with context.wrap_socket(connection, server_hostname="127.0.0.1") as client:
        assert client.selected_alpn_protocol() == "http/1.1"
    assert server.stop() == 0
    assert server.log.read_text() == ""


def test_the_host_can_be_chosen(serve):
    """The start line tells where it listens."""
    assert serve("hello", "--host", "0.0.0.0").url.startswith("http://127.0.0.1:")


# RawSocket

ROUTER = """
from wsocket import WSocketApp

app = WSocketApp(protocol="WAMP")
"""


def joins(address: str) -> bool:
    with rawsocket(address) as client:
        client.join()
        return True


def test_rawsocket_listens_where_it_is_told_to(serve, folder, tmp_path):
    """More than once, and until the end: then the file is gone."""
    (folder / "router.py").write_text(ROUTER)
    paths = [tmp_path / "one.sock", tmp_path / "two.sock"]
    urls = [f"unix://{path}" for path in paths]
    server = serve("router", "--rawsocket", urls[0], "--rawsocket", urls[1])
    for url in urls:
        assert joins(url)
    assert server.stop() == 0
    assert server.log.read_text() == ""
    assert not any(path.exists() for path in paths)


@pytest.mark.processes
def test_rawsocket_tells_its_port(folder):
    """On stdout, before the line of the HTTP server."""
    (folder / "router.py").write_text(ROUTER)
    command = [*COMMAND, "run", "router", "--port", "0"]
    command += ["--rawsocket", "tcp://127.0.0.1:0"]
    with started(command, cwd=folder) as process:
        found = re.fullmatch(
            r"wsocket: RawSocket on (tcp://127\.0\.0\.1:\d+)\n",
            process.stdout.readline(),
        )
        assert process.stdout.readline().startswith("wsocket: serving on http://")
        assert joins(found[1])


@pytest.mark.processes
@pytest.mark.parametrize(
    ("target", "url", "code", "said"),
    [
        ("router", "8081", 2, "expected tcp://HOST:PORT"),
        ("plain", "tcp://127.0.0.1:0", 2, 'WSocketApp(protocol="WAMP")'),
        ("hello", "tcp://127.0.0.1:0", 2, "--rawsocket needs a WSocketApp"),
        ("router", "unix:///no/such/folder/s", 1, "folder that does not exist"),
    ],
)
def test_what_rawsocket_cannot_do_is_said(folder, target, url, code, said):
    """On stderr, without a traceback; nothing is served."""
    (folder / "router.py").write_text(ROUTER)
    (folder / "plain.py").write_text(
        "from wsocket import WSocketApp\napp = WSocketApp()"
    )
    done = call(folder, "run", target, "--port", "0", "--rawsocket", url)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_server_that_cannot_start_leaves_no_socket_behind(folder, serve, tmp_path):
    """The listeners are closed again."""
    (folder / "router.py").write_text(ROUTER)
    port = serve("hello").url.rstrip("/").rpartition(":")[2]
    path = tmp_path / "s"
    done = call(
        folder, "run", "router", "--port", port, "--rawsocket", f"unix://{path}"
    )
    assert done.returncode == 1
    assert not path.exists()
