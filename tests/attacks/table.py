"""The table of all attacks, and what every row of it must show."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tests.attacks.trial import Outcome

MEGABYTE = 2**20
HEAD = (
    "| attack | server | memory, MiB | round trip, ms | memory after | descriptors |",
    "|---|---|--:|--:|--:|--:|",
)


@dataclass(frozen=True)
class Thresholds:
    """What an attack may cost.

    Attributes:
        memory: Bytes at the peak, above the base.
        round_trip: Seconds of the longest round trip of the others.
    """

    memory: int
    round_trip: float


EXACT = Thresholds(memory=150 * 10**6, round_trip=0.050)
BY_CHANCE = Thresholds(memory=150 * 10**6, round_trip=0.2)  # one attempt of a few
BUSY = Thresholds(memory=150 * 10**6, round_trip=5.0)  # beside other programs


def failures(outcome: Outcome, thresholds: Thresholds) -> list[str]:
    """What is not as it should be."""
    found = list(outcome.problems)
    if outcome.memory > thresholds.memory:
        found.append(
            f"{outcome.memory / MEGABYTE:.0f} MiB above the base, "
            f"limit {thresholds.memory / MEGABYTE:.0f}"
        )
    if outcome.longest > thresholds.round_trip:
        limit = f"limit {thresholds.round_trip * 1000:.0f} ms"
        found.append(
            f"round trip ({outcome.slowest}): {milliseconds(outcome)}, {limit}"
        )
    if outcome.after.descriptors > outcome.base.descriptors:
        found.append(
            f"{outcome.after.descriptors} descriptors are left, "
            f"{outcome.base.descriptors} before"
        )
    return found


def row(outcome: Outcome) -> str:
    """A row of the table."""
    after = (outcome.after.memory - outcome.base.memory) / MEGABYTE
    descriptors = (
        each.descriptors for each in (outcome.base, outcome.peak, outcome.after)
    )
    cells = [
        *(outcome.attack, outcome.server, f"{outcome.memory / MEGABYTE:.0f}"),
        f"{milliseconds(outcome)} ({outcome.slowest})",
        f"{after:.0f}",
        " / ".join(map(str, descriptors)),
    ]
    return f"| {' | '.join(cells)} |"


def milliseconds(outcome: Outcome) -> str:
    longest = outcome.longest
    return "no answer" if math.isinf(longest) else f"{longest * 1000:.0f}"


def table(outcomes: Iterable[Outcome]) -> str:
    return "\n".join([*HEAD, *map(row, outcomes)]) + "\n"
