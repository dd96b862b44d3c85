"""Runs the micro-benchmarks, and reads what pytest-benchmark found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from benchmarks.environments import CACHE, HERE, ROOT, environment

MICRO = HERE / "micro"
# What one micro-benchmark may take, in a quick run.
QUICK = ("--benchmark-max-time=0.1", "--benchmark-min-rounds=3")


def run_micro(*, core: int, quick: bool) -> list[dict[str, Any]]:
    """Name, median and smallest in microseconds of each.

    Raises:
        SystemExit: One of them fails.
    """
    CACHE.mkdir(exist_ok=True)
    output = CACHE / "micro.json"
    command = [
        *(sys.executable, "-m", "pytest", "-q", str(MICRO)),
        # Not the package of this tree, but the one of `environment`.
        *("-c", str(ROOT / "pyproject.toml"), "-o", "pythonpath="),
        *("-p", "no:xdist", "--benchmark-columns=median,min"),
        *(f"--benchmark-json={output}", *(QUICK if quick else ())),
    ]
    done = subprocess.run(
        command,
        cwd=CACHE,
        env=environment(),
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    if done.returncode:
        sys.exit(
            "the micro-benchmarks fail; do they have what they need? "
            "pip install --group bench"
        )
    return [
        {
            "name": each["name"].removeprefix("test_").replace("_", " "),
            "median_us": each["stats"]["median"] * 1e6,
            "min_us": each["stats"]["min"] * 1e6,
        }
        for each in json.loads(output.read_text())["benchmarks"]
    ]
