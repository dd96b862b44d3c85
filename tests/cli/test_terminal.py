"""What is different on a terminal: progress is shown, and no peer can draw on it."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import COMMAND
from tests.patience import SECONDS
from tests.programs import ROOT, environ, signals_heard

pytestmark = pytest.mark.processes

CTRL_C = b"\x03"

# Makes stdin the terminal that Ctrl-C is pressed in, then becomes the command.
IN_FRONT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """What a process writes to a terminal, and what is pressed there."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master = master
        self.process = process
        self.seen = ""

    def until(self, text: str) -> str:
        """Read until *text* has been written; everything up to now."""
        while text not in self.seen:
            piece = self._read()
            assert piece, f"{text!r} is not in {self.seen!r}"
            self.seen += piece
        return self.seen

    def to_the_end(self) -> str:
        """Read until the process has ended; everything."""
        while piece := self._read():
            self.seen += piece
        return self.seen

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def _read(self) -> str:
        try:
            return os.read(self._master, 65536).decode()
        except OSError:  # Linux: nobody has the other side open any more
            return ""


@contextlib.contextmanager
def terminal(*arguments: str, cwd: Path = ROOT) -> Iterator[Terminal]:
    """Run the command in a terminal of its own, until the block ends."""
    master, slave = pty.openpty()
    with signals_heard():
        process = subprocess.Popen(
            [sys.executable, "-c", IN_FRONT, *COMMAND, *arguments],
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environ(), "COLUMNS": "80"},
            start_new_session=True,
        )
    os.close(slave)
    with process:
        try:
            yield Terminal(master, process)
        finally:
            process.kill()
            os.close(master)


def test_progress_is_shown_and_removed(url):
    """One line, with the newest; then the result is there alone."""
    with terminal("call", url, "com.example.count", "3") as screen:
        shown = screen.to_the_end()
        assert screen.process.wait(SECONDS) == 0
    assert shown == "\r1\x1b[K\r2\x1b[K\r\x1b[K3\r\n"


def test_json_shows_no_progress(url):
    """It is for programs, wherever it goes."""
    with terminal("call", url, "com.example.count", "3", "--json") as screen:
        assert screen.to_the_end() == "3\r\n"


def test_results_cannot_draw_on_the_terminal(url):
    """Control characters are escaped; lines stay lines."""
    word = '"\\u001b[31mred\\u009b1m\\u202eline\\nline"'
    with terminal("call", url, "com.example.same", word) as screen:
        shown = screen.to_the_end()
    assert shown == "\\x1b[31mred\\x9b1m\\u202eline\r\nline\r\n"


def test_events_cannot_draw_on_the_terminal(url, demo):
    """Nor can what is in their keywords."""
    with terminal("subscribe", url, "com.example.news", "--count", "1") as screen:
        screen.until("subscribed to")
        demo.app.publish("com.example.news", "\x1b[31m", key="\x9b\u202e")
        shown = screen.to_the_end()
    assert shown.endswith(' "\\u001b[31m" key="\\x9b\\u202e"\r\n')


def test_errors_cannot_draw_on_the_terminal(url):
    """A line is one line."""
    with terminal("call", url, "com.example.reject") as screen:
        shown = screen.to_the_end()
    assert shown == "wsocket: com.example.error.rejected: \\x1b[31m\\n\r\n"


def test_ctrl_c_removes_the_line_of_progress(url):
    """The status is 130."""
    with terminal("call", url, "com.example.stuck") as screen:
        screen.until("half of it")
        screen.press(CTRL_C)
        assert screen.to_the_end().endswith("\r\x1b[K")
        assert screen.process.wait(SECONDS) == 130


def test_ctrl_c_ends_a_server_that_reloads(tmp_path):
    """The terminal tells both processes, and each hears it once."""
    (tmp_path / "hello.py").write_text("def app(environ, start_response): ...")
    words = ("run", "hello", "--reload", "--port", "0")
    with terminal(*words, cwd=tmp_path) as screen:
        screen.until("serving on")
        screen.press(CTRL_C)
        assert "Traceback" not in screen.until("wsocket: stopped")
        assert screen.process.wait(SECONDS) == 0
