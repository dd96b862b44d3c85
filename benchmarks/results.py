"""What the measurements of all rounds come to: medians, with the smallest and largest.

Pure: the load generator's reports in, numbers out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.scenarios import GROUPS, MIB, Scenario

Measurement = dict[str, Any]  # what the load generator reported

# From this share of its core on the load generator may be what limits the rate.
LOAD_LIMIT = 0.9
KIB = 1024


@dataclass(frozen=True)
class Metric:
    """One number of a measurement; `of` gets the message size in bytes too."""

    title: str
    of: Callable[[Measurement, int], float]


def cpu_us(run: Measurement, size: int) -> float:
    return float(run["server_cpu_seconds"] / max(run["operations"], 1) * 1e6)


def rss_per_session(run: Measurement, size: int) -> float:
    return float((run["rss_after_kb"] - run["rss_before_kb"]) / run["connections"])


def peak_multiple(run: Measurement, size: int) -> float:
    return float((run["rss_peak_kb"] - run["rss_before_kb"]) * KIB / size)


METRICS = {
    "per_second": Metric("operations a second", lambda run, size: run["per_second"]),
    "cpu_us": Metric("server CPU, microseconds for each operation", cpu_us),
    "p50_us": Metric(
        "median latency in microseconds, from send to receipt",
        lambda run, size: run["p50_us"],
    ),
    "rss_per_session": Metric("memory of a session, kB", rss_per_session),
    "join_seconds": Metric(
        "seconds until all have joined", lambda run, size: run["setup_seconds"]
    ),
    "megabytes_per_second": Metric(
        "MiB a second, each way", lambda run, size: run["per_second"] * size / MIB
    ),
    "peak_multiple": Metric("peak memory, as a multiple of the message", peak_multiple),
}


def summarize(
    scenario: Scenario, contender: str, rounds: Iterable[Measurement]
) -> dict[str, Any]:
    """The result of one contender in one scenario, as it is in the JSON file."""
    runs = list(rounds)
    errors = [run["error"] for run in runs if "error" in run]
    good = [run for run in runs if "error" not in run]
    return {
        "group": scenario.group,
        "scenario": scenario.name,
        "contender": contender,
        "size": scenario.size,
        # Whoever fails once has no figures, whatever the other rounds were.
        "error": errors[0] if errors else None,
        "metrics": {} if errors else spreads(scenario, good),
        "load_share": 0 if errors else load_share(good),
        "rounds": runs,
    }


def spreads(scenario: Scenario, runs: list[Measurement]) -> dict[str, dict[str, float]]:
    found = {}
    for name in GROUPS[scenario.group].metrics:
        values = [METRICS[name].of(run, scenario.size) for run in runs]
        found[name] = {
            "median": median(values),
            "min": min(values),
            "max": max(values),
        }
    return found


def load_share(runs: list[Measurement]) -> float:
    """How much of its core the load generator used, in the median."""
    return median(float(run["load_cpu_seconds"] / run["seconds"]) for run in runs)
