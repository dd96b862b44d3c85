"""What is different on a terminal: progress is shown, and no peer can draw on it."""

from __future__ import annotations

import pytest

from tests.cli.commands import COMMAND
from tests.cli.terminals import in_terminal
from tests.patience import SECONDS

pytestmark = pytest.mark.processes

CTRL_C = b"\x03"


def test_progress_is_shown_and_removed(url):
    """One line, with the newest; then the result is there alone."""
    with in_terminal([*COMMAND, "call", url, "com.example.count", "3"]) as screen:
        shown = screen.to_the_end()
        assert screen.process.wait(SECONDS) == 0
    assert shown == "\r1\x1b[K\r2\x1b[K\r\x1b[K3\r\n"


def test_json_shows_no_progress(url):
    """It is for programs, wherever it goes."""
    with in_terminal(
        [*COMMAND, "call", url, "com.example.count", "3", "--json"]
    ) as screen:
        assert screen.to_the_end() == "3\r\n"


def test_results_cannot_draw_on_the_terminal(url):
    """Control characters are escaped; lines stay lines."""
    word = '"\\u001b[31mred\\u009b1m\\u202eline\\nline"'
    with in_terminal([*COMMAND, "call", url, "com.example.same", word]) as screen:
        shown = screen.to_the_end()
    assert shown == "\\x1b[31mred\\x9b1m\\u202eline\r\nline\r\n"


def test_events_cannot_draw_on_the_terminal(url, demo):
    """Nor can what is in their keywords."""
    with in_terminal(
        [*COMMAND, "subscribe", url, "com.example.news", "--count", "1"]
    ) as screen:
        screen.until("subscribed to")
        demo.app.publish("com.example.news", "\x1b[31m", key="\x9b\u202e")
        shown = screen.to_the_end()
    assert shown.endswith(' "\\u001b[31m" key="\\x9b\\u202e"\r\n')


def test_errors_cannot_draw_on_the_terminal(url):
    """A line is one line."""
    with in_terminal([*COMMAND, "call", url, "com.example.reject"]) as screen:
        shown = screen.to_the_end()
    assert shown == "wsocket: com.example.error.rejected: \\x1b[31m\\n\r\n"


def test_ctrl_c_removes_the_line_of_progress(url):
    """The status is 130."""
    with in_terminal([*COMMAND, "call", url, "com.example.stuck"]) as screen:
        screen.until("half of it")
        screen.press(CTRL_C)
        assert screen.to_the_end().endswith("\r\x1b[K")
        assert screen.process.wait(SECONDS) == 130


def test_ctrl_c_ends_a_server_that_reloads(tmp_path):
    """The terminal tells both processes, and each hears it once."""
    (tmp_path / "hello.py").write_text("def app(environ, start_response): ...")
    words = ("run", "hello", "--reload", "--port", "0")
    with in_terminal([*COMMAND, *words], cwd=tmp_path) as screen:
        screen.until("serving on")
        screen.press(CTRL_C)
        assert "Traceback" not in screen.until("wsocket: stopped")
        assert screen.process.wait(SECONDS) == 0
