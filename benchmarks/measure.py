"""One measurement: a scenario, a contender, once."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender
from benchmarks.environments import HERE, Unavailable, environment
from benchmarks.scenarios import Scenario
from benchmarks.server import Server, running

LONGEST = 120  # seconds for one run of the load generator
WARM_UP = 0.25  # of the measured time
OPEN_FILES = 65_536


@dataclass(frozen=True)
class Bench:
    """Where and how long to measure.

    Attributes:
        load_generator: The program `wsload`.
        seconds: How long each measurement lasts.
        server_core, load_core: CPU numbers.
    """

    load_generator: Path
    seconds: float
    server_core: int
    load_core: int


def cores() -> tuple[int, int]:
    """A core for the server and another one for the load.

    Raises:
        SystemExit: There is only one.
    """
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        sys.exit("benchmarks need two cores: one for the server, one for the load")
    return usable[0], usable[-1]


def allow_many_connections() -> None:
    """Let servers and load have one open file for each of 20,000 sessions."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        most = max(hard, OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (ValueError, OSError):  # not root: what is allowed must do
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def measure(
    scenario: Scenario, contender: Contender, *, bench: Bench
) -> dict[str, Any]:
    """What the load generator reports, or ``{"error": ...}``."""
    try:
        with running(contender, core=bench.server_core) as server:
            path = contender.services[scenario.service]
            command = load_command(scenario, path, server, bench=bench)
            return run_load(command, core=bench.load_core)
    except Unavailable as problem:
        return {"error": str(problem)}


def load_command(
    scenario: Scenario, path: str, server: Server, *, bench: Bench
) -> list[str]:
    if scenario.service == "deflate":
        program = [sys.executable, str(HERE / "deflate_load.py")]
    else:
        program = [str(bench.load_generator)]
    return [
        *(*program, *scenario.load, "--port", str(server.port), "--path", path),
        *("--size", str(scenario.size), "--pids", ",".join(map(str, server.pids))),
        *("--seconds", str(bench.seconds)),
        *("--warm-up", str(WARM_UP * bench.seconds)),
    ]


def run_load(command: list[str], *, core: int) -> dict[str, Any]:
    try:
        done = subprocess.run(
            command,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=LONGEST,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    except subprocess.TimeoutExpired:
        return {"error": f"the load did not end within {LONGEST} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        return {"error": lines[-1]}
    result: dict[str, Any] = json.loads(done.stdout)
    return result
