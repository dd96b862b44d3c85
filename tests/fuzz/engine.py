"""Runs one target for some time, in a process of its own.

    python -m tests.fuzz.engine NAME --seconds 60 --corpus DIR --found DIR

atheris chooses the bytes where it is installed: it mutates those that ran new lines of
the package. Elsewhere Hypothesis makes them. Both print ``#N`` after N executions, and
exit with a status that is not 0 after they wrote a file with the bytes of a finding.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from hashlib import sha1
from pathlib import Path
from typing import Any

from tests.fuzz.reference import Reference

try:
    import atheris
except ImportError:  # there is none for this Python
    atheris = None

LONGEST = 4096  # bytes of an input
SLOWEST = 10  # seconds for an input
MEMORY = 2048  # MiB
FOUND = 77  # the exit status after a finding, of libFuzzer too

Target = Callable[[bytes], object]


def load(name: str) -> Target:
    """The function of a target; atheris watches which lines of the package it runs."""
    watched = atheris.instrument_imports(include=["wsocket"]) if atheris else None
    with watched or nullcontext():
        run_one: Target = importlib.import_module(f"tests.fuzz.targets.{name}").run_one
    return run_one


def compared(run_one: Target, reference: Reference | None) -> Target:
    """Run a target here and, if there is another build, there; compare."""
    if reference is None:
        return run_one

    def run_both(data: bytes) -> None:
        here, there = repr(run_one(data)), reference.outcome(data)
        assert here == there, f"here: {here}\nin {reference.folder}: {there}"

    return run_both


def with_atheris(run_one: Target, options: argparse.Namespace) -> None:
    """Mutate the corpus, guided by the lines that run; this ends the process."""
    flags = {
        "max_total_time": options.seconds,
        "max_len": LONGEST,
        "timeout": SLOWEST,
        "rss_limit_mb": MEMORY,
        "artifact_prefix": f"{options.found}/",
        "seed": options.seed,
    }
    arguments = [f"-{name}={value}" for name, value in flags.items()]
    folders = [str(options.corpus), *map(str, options.seeds)]
    atheris.Setup([sys.argv[0], *arguments, *folders], run_one)
    atheris.Fuzz()


def with_hypothesis(run_one: Target, options: argparse.Namespace) -> None:
    """Make inputs until the time is over: any bytes, and seeds that were changed."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    paths = [path for each in options.seeds for path in sorted(each.iterdir())]
    seeds = [path.read_bytes() for path in paths] or [b""]
    any_bytes = st.binary(max_size=200)
    changed = st.builds(
        lambda seed, start, size, new: seed[:start] + new + seed[start + size :],
        st.sampled_from(seeds),
        st.integers(0, max(map(len, seeds))),
        st.integers(0, 8),
        st.binary(max_size=8),
    )
    end = time.monotonic() + options.seconds
    executions = 0
    failing: list[bytes] = []

    @settings(
        max_examples=1000,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(changed | any_bytes)
    def run_some(data: bytes) -> None:
        nonlocal executions
        executions += 1
        try:
            run_one(data)
        except BaseException:
            failing.append(data)
            raise

    try:
        for data in seeds:
            run_some.hypothesis.inner_test(data)
        while time.monotonic() < end:
            run_some()
            print(f"#{executions} made by Hypothesis", flush=True)
    except BaseException:
        traceback.print_exc()
        path = options.found / f"crash-{sha1(failing[-1]).hexdigest()}"
        path.write_bytes(failing[-1])
        print(f"Test unit written to {path}", flush=True)
        os._exit(FOUND)


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser()
    found.add_argument("name")
    found.add_argument("--seconds", type=int, default=60)
    found.add_argument("--corpus", type=Path, required=True)
    found.add_argument("--found", type=Path, required=True)
    found.add_argument("--seeds", type=Path, action="append", default=[])
    found.add_argument("--against", type=Path, help="another build of the package")
    found.add_argument("--seed", type=int, default=0, help="0: another one each time")
    return found


def main() -> None:
    options: Any = parser().parse_args()
    logging.disable()  # sessions of a fuzzer break the protocol all the time
    reference = None
    if options.against is not None:
        reference = Reference(options.name, options.against)
    run_one = compared(load(options.name), reference)
    (with_atheris if atheris else with_hypothesis)(run_one, options)


if __name__ == "__main__":
    main()
