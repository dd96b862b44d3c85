"""The programs in docs/client.md, run as they stand there."""

from __future__ import annotations

import queue
import sys
from urllib.request import urlopen

import pytest

from tests.patience import SECONDS
from tests.programs import ended, running
from tests.test_snippets import snippet
from wsocket.client import connect

DOCS = "docs/client.md"


def run(mark, *arguments):
    """Run the program with *mark* in it; returns what it prints."""
    done = ended([sys.executable, "-c", snippet(DOCS, "python", mark), *arguments])
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.splitlines()


@pytest.mark.processes
def test_programs_print_what_they_should(place):
    """The first one, that with asyncio, and that which reconnects."""
    assert run('realm="realm1"', place.ws) == ["5"]
    assert run("async.add", place.ws) == ["5"]
    # Two threads print, so lines may run into each other.
    states = " ".join(run("on_state", place.ws))
    counts = [states.count(each) for each in ("connecting", "joined", "closed")]
    assert counts == [1, 2, 1]


@pytest.mark.processes
def test_fastapi_has_one_session_for_its_requests(place, tmp_path, monkeypatch):
    """Under uvicorn: the session joins before the first one, and leaves at the end."""
    (tmp_path / "shop.py").write_text(snippet(DOCS, "python", "FastAPI(lifespan"))
    monkeypatch.setenv("WAMP_ROUTER", place.ws)
    uvicorn = [sys.executable, "-m", "uvicorn", "--port", "0", "shop:site"]
    # It says on stderr where it listens.
    command = ["sh", "-c", 'exec "$0" "$@" 2>&1', *uvicorn]
    joined, left = queue.Queue(), queue.Queue()
    with connect(place.ws) as other:
        other.subscribe("wamp.session.on_join", joined.put)
        other.subscribe("wamp.session.on_leave", lambda who, *more: left.put(who))
        with running(command, tmp_path / "log", cwd=tmp_path) as server:
            session = joined.get(timeout=SECONDS)["session"]
            for number in range(3):
                with urlopen(server.http(f"sum/{number}/2"), timeout=SECONDS) as answer:
                    assert answer.read() == str(number + 2).encode()
            server.stop()
        while left.get(timeout=SECONDS) != session:
            pass  # somebody of another test
    assert joined.empty()


def test_what_a_session_does(place, capsys):
    """Progress, events and a call that nobody answers."""
    names = {}
    exec(snippet(DOCS, "python", "def use(session)"), names)
    with connect(place.ws) as session:
        names["use"](session)
    assert capsys.readouterr().out.split() == [
        *("0", "1", "2"),
        "wamp.error.no_such_procedure",
    ]


def test_ways_to_log_in_show_no_secret():
    """All can be made."""
    names = {}
    exec(snippet(DOCS, "python", "ways = ["), names)
    assert len(names["ways"]) == 6
    assert "secret" not in repr(names["ways"])
