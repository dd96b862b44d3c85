"""How records look on stderr, and that serving goes on if nothing can be written."""

from __future__ import annotations

import contextlib
import enum
import json
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import websocket

from tests.patience import SECONDS
from tests.programs import (
    COMMAND_LINE,
    STOP_SECONDS,
    Server,
    ended,
    environ,
    running,
    start_line,
    started,
)
from wsocket import logger, run
from wsocket.log_formats import JsonFormatter, TextFormatter

APP = """
import logging
import sys
from wsocket import WSocketApp

app = WSocketApp(protocol="WAMP")

@app.route("*")
def hello(environ, start_response):
    return "hello"

@app.route("/failing")
def failing(environ, start_response):
    raise KeyError("two\\nlines")
"""
CLOSED = "\nsys.stderr.close()\n"
OWN_LOGGING = '\nlogging.basicConfig(format="mine: %(name)s %(message)s")\n'
DANGEROUS = [
    *("\n", "\r", "\0", "\x1b[2J", "\x7f", "\x85", "\x9b31m", "\u2028", "\u202e"),
    *('"', "\\", '"}', "\ud83d", "\U0001f600"),
]


def record(message: str, *arguments: object, **more: object) -> logging.LogRecord:
    """A record that the filter of the logger has seen."""
    made = logger.makeRecord(
        *("wsocket", logging.WARNING, __file__, 1, message, arguments, None),
        extra=more,
    )
    assert logger.filter(made)
    return made


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(made)
    assert line.isascii()
    assert line.isprintable()
    found: dict[str, Any] = json.loads(line)
    return found


# JSON


def test_a_record_is_a_json_object():
    """With its time in UTC, as RFC 3339 has it."""
    made = record("%d of %s", 5, "six")
    made.created = datetime(2026, 2, 3, 4, 5, 6, 78_900, timezone.utc).timestamp()
    assert as_json(made) == {
        "timestamp": "2026-02-03T04:05:06.078Z",
        "level": "WARNING",
        "logger": "wsocket",
        "message": "5 of six",
    }


def test_what_the_record_was_given_has_its_own_keys():
    """As JSON's own values where it has them, and as text elsewhere."""

    class Mute:
        def __str__(self) -> str:
            raise ZeroDivisionError

    extra = {"a": 1, "b": None, "c": True, "d": 0.5, "e": "é", "level": "forged"}
    odd = {"nan": float("nan"), "list": [1], "enum": enum.IntEnum("E", "A").A}
    found = as_json(record("hello", **extra, **odd, mute=Mute()))
    assert found["level"] == "WARNING"
    assert found.items() >= {k: v for k, v in extra.items() if k != "level"}.items()
    assert (found["nan"], found["list"]) == ("nan", "[1]")
    assert found["mute"] == "<Mute whose text raises ZeroDivisionError>"


def test_an_exception_is_one_string():
    """Its lines are as Python prints them."""
    try:
        raise ValueError("two\nlines")
    except ValueError:
        made = logger.makeRecord(
            *("wsocket", logging.ERROR, __file__, 1, "it failed", (), sys.exc_info())
        )
        foreign = logging.makeLogRecord(vars(made))
    assert logger.filter(made)
    for each in (made, foreign):
        lines = as_json(each)["exception"].split("\n")
        assert lines[0] == "Traceback (most recent call last):"
        assert lines[-2:] == ["ValueError: two", "lines"]


@pytest.mark.parametrize("danger", DANGEROUS, ids=ascii)
def test_a_json_record_is_one_line_whatever_it_says(danger):
    """In the message and in what the record was given; also if no filter saw it."""
    said = f"a{danger}b"
    made = record("it said %s", said, word=said)
    assert as_json(made)["word"] == said
    assert as_json(made)["message"] == made.getMessage()
    foreign = logging.makeLogRecord({"msg": said, "name": "other"})
    assert as_json(foreign)["message"] == said


# Text


def test_a_line_of_the_access_log_stands_alone():
    """Others have time, level and logger in front."""
    access = logging.makeLogRecord({"name": "wsocket.access", "msg": "1.2.3.4 - -"})
    assert TextFormatter().format(access) == "1.2.3.4 - -"
    line = TextFormatter().format(record("hello"))
    assert line.endswith(" WARNING wsocket: hello")


def test_an_unknown_format_is_refused():
    """Before anything is listened on."""
    with pytest.raises(ValueError, match="must be 'text' or 'json', not 'xml'"):
        run(lambda environ, start_response: [], port=0, log_format="xml")


# Whole programs


def command(kind: str, log_format: str) -> list[str]:
    """How to run the application, with its access log, on either server."""
    if kind == "gevent":
        flags = ["--port", "0", "--access-log", "--log-format", log_format]
        return [sys.executable, "-c", COMMAND_LINE, "run", "logged", *flags]
    settings = f"port=0, access_log=True, log_format={log_format!r}"
    source = f"from logged import app; from wsocket import run; run(app, {settings})"
    return [sys.executable, "-c", source]


@pytest.fixture(params=["gevent", "threads"])
def kind(request: pytest.FixtureRequest, processes: None) -> str:
    return str(request.param)


@contextlib.contextmanager
def serving(
    kind: str, folder: Path, log_format: str, more: str = ""
) -> Iterator[Server]:
    """Run the application, with *more* behind it, in a process."""
    (folder / "logged.py").write_text(APP + more)
    with running(command(kind, log_format), folder / "log", cwd=folder) as server:
        yield server


def use(url: str) -> None:
    """A request, one that fails, and a WAMP connection."""
    with urlopen(f"{url}hello", timeout=SECONDS) as response:
        assert response.read() == b"hello"
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{url}failing", timeout=SECONDS)
    caught.value.close()
    client = websocket.create_connection(
        url.replace("http", "ws", 1), subprotocols=["wamp.2.json"], timeout=SECONDS
    )
    client.close()


def test_every_line_is_json(kind, tmp_path):
    """Those of the access log, in whatever order threads write, and of failures."""
    with serving(kind, tmp_path, "json") as server:
        use(server.url)
        assert server.stop() == 0
    found = [json.loads(line) for line in server.log.read_text().splitlines()]
    access = [each for each in found if each["logger"] == "wsocket.access"]
    by_target = {each["target"]: each for each in access}
    statuses = {target: each["status"] for target, each in by_target.items()}
    assert len(access) == 3
    assert statuses == {"/hello": 200, "/failing": 500, "/": 101}
    assert by_target["/"]["subprotocol"] == "wamp.2.json"
    (failure,) = (each for each in found if each["logger"] == "wsocket")
    assert failure["level"] == "ERROR"
    assert failure["exception"].startswith("Traceback (most recent call last):\n")
    assert failure["exception"].endswith(r"KeyError: 'two\nlines'")


def test_text_has_a_line_for_each_request(kind, tmp_path):
    """Between the other records."""
    with serving(kind, tmp_path, "text") as server:
        use(server.url)
        assert server.stop() == 0
    lines = server.log.read_text().splitlines()
    access = [line for line in lines if line.startswith("127.0.0.1 - - [")]
    assert len(access) == 3
    hello = '"GET /hello HTTP/1.1" 200 5 "-" "Python-urllib/'
    assert sum(hello in line for line in access) == 1
    assert any(" ERROR wsocket: GET '/failing' failed" in line for line in lines)


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.skipif(sys.platform != "linux", reason="Linux has /dev/full")
def test_a_full_disk_ends_nothing(kind, tmp_path, log_format):
    """Neither requests and connections, nor the server: it starts and ends as ever."""
    (tmp_path / "logged.py").write_text(APP)
    log = tmp_path / "log"
    log.touch()
    with (
        Path("/dev/full").open("w") as full,
        started(command(kind, log_format), cwd=tmp_path, stderr=full) as process,
    ):
        url = start_line(process, log)
        for _ in range(3):
            use(url)
        assert process.poll() is None


@pytest.mark.parametrize("more", [CLOSED, OWN_LOGGING + CLOSED], ids=["ours", "own"])
def test_a_closed_stderr_ends_nothing(kind, tmp_path, more):
    """Also if it is the handler of the application that fails."""
    with serving(kind, tmp_path, "text", more) as server:
        for _ in range(3):
            use(server.url)
        assert server.stop() == 0


@pytest.mark.processes
@pytest.mark.skipif(sys.platform != "linux", reason="Linux has /dev/full")
def test_a_start_line_that_cannot_be_written_ends_nothing(tmp_path):
    """Stdout is often in the same file as the log."""
    (tmp_path / "logged.py").write_text(APP)
    run = [sys.executable, "-c", COMMAND_LINE, "run", "logged", "--access-log"]
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(Path("/dev/full").open("w"))
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        process = stack.enter_context(
            subprocess.Popen(
                [*run, "--fd", str(listening.fileno())],
                cwd=tmp_path,
                env=environ(),
                stdout=full,
                stderr=full,
                pass_fds=[listening.fileno()],
            )
        )
        stack.callback(process.kill)
        use(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        process.terminate()
        assert process.wait(STOP_SECONDS) == 0


def test_the_applications_own_logging_is_respected(kind, tmp_path):
    """It gets all records, and a warning says why the format has no effect."""
    with serving(kind, tmp_path, "json", OWN_LOGGING) as server:
        use(server.url)
        assert server.stop() == 0
    lines = server.log.read_text().splitlines()
    assert "log_format='json' has no effect" in lines[0]
    assert "JsonFormatter" in lines[0]
    assert sum(line.startswith("mine: wsocket.access ") for line in lines) == 3


@pytest.mark.processes
def test_the_command_names_the_formats():
    """In its help, and if another one is asked for."""
    shown = ended([sys.executable, "-c", COMMAND_LINE, "run", "--help"]).stdout
    assert "--access-log" in shown
    assert "--log-format {text,json}" in shown
    arguments = ["run", "logged", "--log-format", "xml"]
    done = ended([sys.executable, "-c", COMMAND_LINE, *arguments])
    assert done.returncode == 2
    assert "invalid choice: 'xml'" in done.stderr
