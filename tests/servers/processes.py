"""Every WSGI server, started by its own command in a process of its own."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, NamedTuple
from urllib.request import urlopen

import pytest

from tests.patience import SECONDS
from tests.programs import COMMAND_LINE, STOP_SECONDS, started

APPS = "tests.servers.apps"
FREE_PORT = "{a free port}"  # among the arguments of a `Kind`
ADDRESS = re.compile(r"(?:http://|TCP address )(127\.0\.0\.1:\d+)")

MOMENT = 0.02  # seconds between two attempts to connect

# What a healthy server's log never has.
COMPLAINT = re.compile(
    r"traceback|exception|error\b|critical|warning|broken pipe|bad file|invalid http",
    re.IGNORECASE,
)
# Flask and Django warn of their own servers, and others of how they are run.
EXPECTED_WARNING = re.compile(
    "This is a development server|you are running uWSGI|EventletDeprecationWarning"
    "|spawning up to"  # granian
    "|ASGI callable returned without completing"  # uvicorn, after every refusal
    "|Task queue depth"  # waitress, whenever a request waits for a thread
)


class Kind(NamedTuple):
    """One server and how it is started.

    Attributes:
        arguments: Of the Python interpreter.
        concurrent_views: Whether it runs several HTTP views at once.
        spare_threads: How many may wait for connections.
        loses_early_bytes: Whether what is sent along with an upgrade request is lost.
        awaits_bodies: Whether it reads the body of a request before it calls the
            application, or before it sends the response.
        listens_later: Whether it says where it listens before it does.
    """

    arguments: tuple[str, ...]
    concurrent_views: bool = True
    spare_threads: int = 0
    loses_early_bytes: bool = False
    awaits_bodies: bool = False
    listens_later: bool = False


def gunicorn(*options: str) -> tuple[str, ...]:
    """The arguments for one worker that serves the application."""
    address = ("--bind", "127.0.0.1:0", "--workers", "1", "--no-control-socket")
    return ("-m", "gunicorn", *address, *options, f"{APPS}.own:app")


def uwsgi(*options: str) -> tuple[str, ...]:
    """The arguments for one uWSGI process that serves the application."""
    start = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
    program = str(Path(sys.executable).with_name("uwsgi"))
    address = ("--http-socket", "127.0.0.1:0", "--die-on-term", "--need-app")
    return ("-c", start, program, *address, *options, "--module", f"{APPS}.own:app")


def uvicorn(*options: str) -> tuple[str, ...]:
    """The arguments for one uvicorn process that serves an ASGI application."""
    return ("-m", "uvicorn", "--host", "127.0.0.1", "--port", "0", *options)


KINDS = {
    "run-threads": Kind(("-m", f"{APPS}.own"), spare_threads=8),
    "wsocket-run": Kind(("-c", COMMAND_LINE, "run", f"{APPS}.own:app", "--port", "0")),
    "wsgiref-threading": Kind(("-m", f"{APPS}.with_wsgiref", "threaded")),
    "wsgiref": Kind(("-m", f"{APPS}.with_wsgiref"), concurrent_views=False),
    "gunicorn-gthread": Kind(
        gunicorn("-k", "gthread", "--threads", "1"), concurrent_views=False
    ),
    "gunicorn-preload": Kind(
        gunicorn("-k", "gthread", "--threads", "1", "--preload"),
        concurrent_views=False,
    ),
    "gunicorn-sync": Kind(gunicorn("-k", "sync"), concurrent_views=False),
    "gunicorn-gevent": Kind(gunicorn("-k", "gevent")),
    "gunicorn-gevent_pywsgi": Kind(gunicorn("-k", "gevent_pywsgi")),
    "flask-run": Kind(
        ("-m", "flask", "--app", f"{APPS}.with_flask:flask_app", "run", "--port", "0")
    ),
    "werkzeug": Kind(("-m", f"{APPS}.with_flask")),
    "django-runserver": Kind(
        ("-m", f"{APPS}.with_django", "runserver", "--noreload", "127.0.0.1:0")
    ),
    "waitress": Kind(
        ("-m", "waitress", "--listen=127.0.0.1:0", f"{APPS}.with_waitress:app"),
        spare_threads=4,
        awaits_bodies=True,
    ),
    "cheroot": Kind(("-m", f"{APPS}.with_cheroot"), awaits_bodies=True),
    "eventlet": Kind(
        ("-m", f"{APPS}.with_eventlet"), concurrent_views=False, awaits_bodies=True
    ),
    "uwsgi": Kind(uwsgi("--threads", "4"), loses_early_bytes=True),
    "pywsgi": Kind(("-m", f"{APPS}.with_pywsgi")),
    "pywsgi-patched": Kind(("-m", f"{APPS}.with_pywsgi", "patched")),
}

ASGI_KINDS = {
    "uvicorn": Kind(uvicorn(f"{APPS}.with_asgi:asgi_app")),
    "uvicorn-fastapi": Kind(uvicorn(f"{APPS}.with_asgi:fastapi_app")),
    "hypercorn": Kind(
        ("-m", "hypercorn", "--bind", "127.0.0.1:0", f"{APPS}.with_asgi:asgi_app")
    ),
}

# Servers that keep their connections to themselves; granian cannot choose a port.
CLOSED_KINDS = {
    "granian": Kind(
        (
            *("-m", "granian", "--interface", "wsgi", "--blocking-threads", "4"),
            *("--host", "127.0.0.1", "--port", FREE_PORT, f"{APPS}.own:app"),
        ),
        listens_later=True,
    ),
    "uvicorn-a2wsgi": Kind(uvicorn(f"{APPS}.with_a2wsgi:asgi_app")),
    "hypercorn-a2wsgi": Kind(
        ("-m", "hypercorn", "--bind", "127.0.0.1:0", f"{APPS}.with_a2wsgi:asgi_app")
    ),
    "uvicorn-asgiref": Kind(uvicorn(f"{APPS}.with_a2wsgi:asgiref_app")),
    "uvicorn-starlette": Kind(uvicorn(f"{APPS}.with_a2wsgi:starlette_app")),
    "uvicorn-wsgi": Kind(uvicorn("--interface", "wsgi", f"{APPS}.own:app")),
    "hypercorn-wsgi": Kind(
        ("-m", "hypercorn", "--bind", "127.0.0.1:0", f"{APPS}.own:app")
    ),
}

# It has no wheels, and needs the headers of libev: tested where it is installed.
if find_spec("bjoern") is not None:
    CLOSED_KINDS["bjoern"] = Kind(
        ("-m", f"{APPS}.with_bjoern", FREE_PORT), listens_later=True
    )


class Site:
    """A running server.

    Attributes:
        url: Where it listens; ends with a slash.
    """

    def __init__(self, kind: Kind, process: subprocess.Popen[str]) -> None:
        self.kind = kind
        self.process = process
        self.url = ""
        self._lines: list[str] = []
        self._started = threading.Event()
        assert process.stdout is not None
        self._reader = threading.Thread(
            target=self._read, args=(process.stdout,), daemon=True
        )
        self._reader.start()
        if not self._started.wait(SECONDS) or not self.url:
            pytest.fail(f"the server did not start:\n{self.log()}")

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    def ws(self, path: str) -> str:
        return self.url.replace("http", "ws", 1) + path.lstrip("/")

    def get(self, path: str) -> str:
        """The body of an HTTP response."""
        with urlopen(self.url + path.lstrip("/"), timeout=SECONDS) as response:
            return str(response.read().decode())

    def log(self) -> str:
        """What the server has printed up to now."""
        return "".join(self._lines)

    def complaints(self) -> str:
        """The log since the last look, if one of its lines tells of trouble."""
        seen, self._lines = self._lines, []
        trouble = [
            line
            for line in seen
            if COMPLAINT.search(line) and not EXPECTED_WARNING.search(line)
        ]
        return "".join(seen) if trouble else ""

    def terminate(self) -> float:
        """Send SIGTERM; return the seconds until the process has ended."""
        before = time.monotonic()
        self.process.terminate()
        self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        return time.monotonic() - before

    def _read(self, output: IO[str]) -> None:
        for line in output:
            self._lines.append(line)
            found = ADDRESS.search(line)
            if found and not self.url:
                self.url = f"http://{found[1]}/"
                self._started.set()
        self._started.set()


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextlib.contextmanager
def running(kind: Kind) -> Iterator[Site]:
    """Run a server until the block ends."""
    port = str(free_port())
    arguments = [port if each == FREE_PORT else each for each in kind.arguments]
    command = [sys.executable, *arguments]
    with started(command, stop=signal.SIGTERM, stderr=subprocess.STDOUT) as process:
        site = Site(kind, process)
        if kind.listens_later:
            wait_until_it_listens(site)
        yield site


def wait_until_it_listens(site: Site) -> None:
    """Connect, again and again; no line says when that works."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", site.port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, site.log()
            time.sleep(MOMENT)
        else:
            return
