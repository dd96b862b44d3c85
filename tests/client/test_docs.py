"""The programs in docs/client.md, run as they stand there."""

from __future__ import annotations

import sys

import pytest

from tests.programs import ended
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
    assert run("connect_async", place.ws) == ["5"]
    # Two threads print, so lines may run into each other.
    states = " ".join(run("on_state", place.ws))
    counts = [states.count(each) for each in ("connecting", "joined", "closed")]
    assert counts == [1, 2, 1]


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
