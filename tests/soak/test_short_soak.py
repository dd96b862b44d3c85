"""A short soak of each server; `make soak` runs longer ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.programs import app_commands, running
from tests.soak.soak import TABLES, leftovers, rounds

SECONDS = 6.0
SIZE = 150
KINDS = ("Publisher", "Resident", "Callee", "Visitor", "Victim", "Sleeper")

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("kind", ["threads", "gevent"])
def test_nothing_is_lost_and_nothing_is_left(kind: str, tmp_path: Path) -> None:
    """Clients come, are killed, stall and leave; a judge reads what they wrote down."""
    command = app_commands("tests.soak.app")[kind]
    with running(command, tmp_path / "log") as server:
        done = list(rounds(server.url, size=SIZE, seconds=SECONDS, count=1))
    assert [fault for each in done for fault in each.faults] == []
    assert min(done[1].clients[kind] for kind in KINDS) > 0
    assert min(done[1].sessions, done[1].deliveries, done[1].answers) >= SIZE


EMPTY = {**dict.fromkeys(TABLES, 0), "sessions": 1}
HELD = {**EMPTY, "descriptors": 10, "threads": 5, "memory": 50 * 2**20}


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({}, None),
        ({"memory": HELD["memory"] + 2**20}, None),
        ({"sessions": 2}, "2 sessions, expected 1"),
        ({"calls": 1}, "1 calls, expected 0"),
        ({"descriptors": 11}, "11 descriptors, expected at most 10+0"),
        ({"memory": 80 * 2**20}, "83886080 memory, expected at most 52428800+12582912"),
    ],
)
def test_what_is_left_is_named(more: dict[str, int], problem: str | None) -> None:
    """Tables as before anybody came; the process as after the first round."""
    found = leftovers({**HELD, **more}, EMPTY, HELD)
    assert found == ([problem] if problem else [])
