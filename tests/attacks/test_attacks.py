"""Small attacks; `make attacks` makes the large ones, each on both servers."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import cycle

import pytest

from tests.attacks.kinds import ATTACKS
from tests.attacks.meters import Taken
from tests.attacks.table import BUSY, EXACT, failures, row
from tests.attacks.trial import SERVERS, Outcome, attempt

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's /proc")

MIB = 2**20

# The server still reads them, or has handlers that wait for memory, when these tests
# have stopped waiting. `make attacks` makes them; docs/security.md has what they cost.
TOO_SLOW_YET = {
    *("half fragments", "plain fragments", "small messages in one write"),
    *(name for name in ATTACKS if name.endswith(" for slow handlers")),
}
SMALL = [
    (name, server)
    for name, server in zip(ATTACKS, cycle(SERVERS), strict=False)
    if name not in TOO_SLOW_YET
]
HARMLESS = Outcome(
    attack="an attack",
    server="gevent",
    base=Taken(50 * MIB, 10),
    peak=Taken(150 * MIB, 30),
    after=Taken(60 * MIB, 10),
    worst={"event": 0.01, "login": 0.02},
    problems=[],
    notes="",
)


@pytest.mark.processes
@pytest.mark.parametrize(("name", "server"), SMALL)
def test_an_attack_costs_the_others_little(name, server, tmp_path):
    """They are served meanwhile, memory is bounded, and nothing stays open.

    Each attack is made on one of the servers, in turn; `make attacks` takes both.
    """
    outcome = attempt(ATTACKS[name], server, tmp_path / "server.log", small=True)
    assert failures(outcome, BUSY) == []


def test_a_row_says_what_an_attack_has_cost():
    """MiB above the base at the peak and in the end, ms, descriptors."""
    cells = "| an attack | gevent | 100 | 20 (login) | 10 | 10 / 30 / 10 |"
    assert row(HARMLESS) == cells
    assert failures(HARMLESS, EXACT) == []


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (
            {"peak": Taken(250 * MIB, 30)},
            "200 MiB above the base, limit 143",
        ),
        (
            {"worst": {"event": 0.0512, "login": 0.02}},
            "round trip (event): 51, limit 50 ms",
        ),
        (
            {"worst": {"event": float("inf"), "login": 0.02}},
            "round trip (event): no answer, limit 50 ms",
        ),
        ({"after": Taken(60 * MIB, 11)}, "11 descriptors are left, 10 before"),
        ({"problems": ["the server has ended"]}, "the server has ended"),
    ],
)
def test_what_an_attack_may_not_cost_is_told(change, failure):
    """Every threshold is one of the rows'."""
    assert failures(replace(HARMLESS, **change), EXACT) == [failure]
