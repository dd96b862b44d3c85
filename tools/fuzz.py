"""Fuzz the package: each target of tests/fuzz for some seconds.

    make fuzz                        # every target for 60 seconds
    make fuzz SECONDS=5 ARGS=frames  # this target, for 5 seconds
    make fuzz ARGS='--input PATH frames'  # the bytes of a finding again

A target feeds bytes to a part of the package that reads what strangers send, and checks
what must hold for any bytes. If there is a compiled copy (`make compiled`), each input
runs there, too, and both must have the same outcome.

The inputs that ran new lines are kept in build/fuzz/corpus, and the next run starts
from them. The bytes of a finding are kept in build/fuzz/found.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ROOT / "tests" / "fuzz" / "targets"
SEEDS = ROOT / "tests" / "fuzz" / "corpus"
WORK = ROOT / "build" / "fuzz"
COMPILED = ROOT / "build" / "compiled"

EXECUTIONS = re.compile(r"#(\d+)\s")  # what libFuzzer prints from time to time
WRITTEN = re.compile(r"Test unit written to (\S+)")
PATIENCE = 300  # seconds that a target may take to start and to end, at most
TAIL = 40  # lines of output that are shown of a finding


@dataclass(frozen=True)
class Outcome:
    """How the run of one target ended."""

    target: str
    executions: int
    seconds: float
    new_paths: int
    output: str
    finding: Path | None
    status: int

    def row(self) -> str:
        """A row of the table."""
        return (
            f"{self.target:16} {self.executions:>12,} {self.seconds:>8.0f} "
            f"{self.new_paths:>10,}  {'ok' if self.status == 0 else 'FOUND'}"
        )


def targets() -> list[str]:
    """Their names: those of the files."""
    return sorted(path.stem for path in TARGETS.glob("[a-z]*.py"))


def engine(target: str, options: argparse.Namespace) -> list[str]:
    """The command that fuzzes one target; it makes the folders that it needs."""
    corpus, found = options.work / "corpus" / target, options.work / "found"
    seeds = SEEDS / target
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.engine", target]
    command += ["--seconds", str(options.seconds), "--seed", str(options.seed)]
    command += ["--corpus", str(corpus), "--found", str(found)]
    if seeds.is_dir():
        command += ["--seeds", str(seeds)]
    return [*command, *against(options)]


def against(options: argparse.Namespace) -> list[str]:
    """The other build, if there is one."""
    if options.against is None:
        return []
    return ["--against", str(options.against)]


def environment() -> dict[str, str]:
    """Our packages are found, and hashes are the same each time."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}


def fuzz(target: str, options: argparse.Namespace) -> Outcome:
    """Run one target to its end."""
    corpus = options.work / "corpus" / target
    command = engine(target, options)
    before, begun = count(corpus), time.monotonic()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            output, _ = process.communicate(timeout=options.seconds + PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            output = process.communicate()[0] + "\nit did not end in time\n"
    written = WRITTEN.findall(output)
    return Outcome(
        target,
        executions=max(map(int, EXECUTIONS.findall(output)), default=0),
        seconds=time.monotonic() - begun,
        new_paths=count(corpus) - before,
        output=output,
        finding=Path(written[-1]) if written else None,
        status=process.returncode,
    )


def count(folder: Path) -> int:
    return len(list(folder.iterdir()))


def report(outcome: Outcome) -> Iterator[str]:
    """What whoever looks into a finding needs."""
    yield f"\n== {outcome.target} =="
    yield from outcome.output.splitlines()[-TAIL:]
    if outcome.finding is not None:
        yield f"\nThe input: {outcome.finding}"
        again = f"--input {outcome.finding} {outcome.target}"
        yield f"Run it again: make fuzz ARGS='{again}'"


def run_again(target: str, path: Path, options: argparse.Namespace) -> int:
    """Run one input, and show what comes of it."""
    command = [sys.executable, "-m", "tests.fuzz.one_input", target, str(path)]
    command += against(options)
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    found.add_argument("names", nargs="*", metavar="TARGET", help=", ".join(targets()))
    found.add_argument("--seconds", type=int, default=60, help="for each target")
    found.add_argument("--jobs", type=int, default=os.cpu_count(), help="at once")
    found.add_argument("--seed", type=int, default=0, help="0: another one each time")
    found.add_argument("--work", type=Path, default=WORK, help="where files are kept")
    found.add_argument("--input", type=Path, help="run only the bytes of this file")
    found.add_argument(
        "--against",
        type=Path,
        default=COMPILED if COMPILED.is_dir() else None,
        help="a copy of this repository with another build of the package",
    )
    return found


def main() -> int:
    """Run what the command line says; 1 if something was found."""
    options = parser().parse_args()
    names = options.names or targets()
    if unknown := set(names) - set(targets()):
        print(f"no target {', '.join(unknown)}; there are {', '.join(targets())}")
        return 2
    if options.input is not None:
        return run_again(names[0], options.input, options)
    print(f"{'target':16} {'executions':>12} {'seconds':>8} {'new paths':>10}")
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = []
        for outcome in pool.map(lambda name: fuzz(name, options), names):
            print(outcome.row(), flush=True)
            outcomes.append(outcome)
    failed = [each for each in outcomes if each.status]
    for each in failed:
        print("\n".join(report(each)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
