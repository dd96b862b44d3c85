"""``wsocket run --reload``: changes are served, mistakes waited out; how it ends."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.cli.commands import COMMAND, said, wsocket
from tests.patience import SECONDS
from tests.programs import started

APP = """
import helper

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [helper.TEXT]
"""
SERVING = "wsocket: serving on "
WAITING = "wsocket: waiting until a file changes"

pytestmark = pytest.mark.processes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an application in two files."""
    (tmp_path / "hello.py").write_text(APP)
    (tmp_path / "helper.py").write_text("TEXT = b'one'")
    return tmp_path


@contextlib.contextmanager
def reloading(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run it in the folder; what it says comes on stdout."""
    command = [*COMMAND, "run", "hello", "--reload", *arguments]
    with started(command, cwd=folder, stderr=subprocess.STDOUT) as process:
        yield process


def fetch(url: str) -> str:
    with urlopen(url, timeout=SECONDS) as response:
        return str(response.read().decode())


def served(process: subprocess.Popen[str]) -> str:
    """The URL, when it is served there."""
    return said(process, SERVING).split()[-1]


def test_a_changed_module_is_served(folder):
    """At the same address, whatever module it is."""
    with reloading(folder, "--port", "0") as process:
        url = served(process)
        assert fetch(url) == "one"
        (folder / "helper.py").write_text("TEXT = b'another'")
        assert "helper.py has changed" in said(process, "changed")
        assert served(process) == url
        assert fetch(url) == "another"
        (folder / "hello.py").write_text(APP.replace("helper.TEXT", "b'third'"))
        assert served(process) == url
        assert fetch(url) == "third"


def test_a_mistake_is_shown_and_waited_out(folder):
    """Clients that come meanwhile are answered when it is mended."""
    with reloading(folder, "--port", "0") as process:
        url = served(process)
        (folder / "helper.py").write_text("TEXT = b'unfinished")
        assert "SyntaxError" in said(process, "Error")
        said(process, WAITING)
        answers = []
        client = threading.Thread(target=lambda: answers.append(fetch(url)))
        client.start()
        (folder / "helper.py").write_text("TEXT = b'finished'")
        assert served(process) == url
        client.join(SECONDS)
        assert answers == ["finished"]


def test_a_module_that_is_missing_at_first_can_be_added(folder):
    """Nothing that exists has changed, but the folder."""
    (folder / "helper.py").unlink()
    with reloading(folder, "--port", "0") as process:
        said(process, "No module named 'helper'")
        said(process, WAITING)
        (folder / "helper.py").write_text("TEXT = b'added'")
        assert fetch(served(process)) == "added"


def test_no_connection_is_refused_while_it_starts_again(folder):
    """The socket stays open between two servers."""
    with reloading(folder, "--port", "0") as process:
        address = urlsplit(served(process))
        done = threading.Event()
        refused: list[OSError] = []

        def knock() -> None:
            while not done.is_set():
                try:
                    place = (address.hostname, address.port)
                    socket.create_connection(place, SECONDS).close()
                except OSError as error:
                    refused.append(error)

        client = threading.Thread(target=knock)
        client.start()
        (folder / "helper.py").write_text("TEXT = b'another'")
        url = served(process)
        done.set()
        client.join(SECONDS)
        assert fetch(url) == "another"
        assert refused == []


def test_a_unix_socket_is_kept_too(folder, tmp_path):
    """And removed in the end."""
    path = tmp_path / "http.sock"
    with reloading(folder, "--unix", str(path)) as process:
        assert str(path) in said(process, SERVING)
        (folder / "helper.py").write_text("TEXT = b'another'")
        said(process, SERVING)
        assert path.is_socket()
    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both_processes(folder, number):
    """With the status of the server, which ends gracefully."""
    with reloading(folder, "--port", "0") as process:
        url = served(process)
        process.send_signal(number)
        assert said(process, "stopped") == "wsocket: stopped\n"
        assert process.wait(SECONDS) == 0
        assert process.stdout.read() == ""  # the end of the child, which had it, too
        with pytest.raises(OSError, match="refused"):
            fetch(url)


def test_ctrl_c_while_it_waits_for_a_change(folder):
    """The status is that of the server that failed."""
    (folder / "helper.py").write_text("1 / 0")
    with reloading(folder, "--port", "0") as process:
        said(process, WAITING)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 1


def test_the_server_ends_when_its_parent_is_killed(folder):
    """It does not stay behind with the port."""
    with reloading(folder, "--port", "0") as process:
        served(process)
        process.kill()
        assert said(process, "stopped") == "wsocket: stopped\n"
        assert process.stdout.read() == ""


def test_a_wrong_command_line_is_not_waited_for(folder):
    """Exit status 2, as without --reload."""
    done = wsocket("run", "nowhere", "--reload", "--port", "0", cwd=folder)
    assert done.returncode == 2
    assert "there is no module 'nowhere'" in done.stderr


def test_an_address_in_use_is_reported_once(folder):
    """By the parent, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = wsocket("run", "hello", "--reload", "--port", port, cwd=folder)
    assert done.returncode == 1
    assert done.stderr.count("already in use") == 1
    assert "Traceback" not in done.stderr
