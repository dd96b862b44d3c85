"""The command: count, compare, keep.

python -m benchmarks.instructions [--update] [--package build/compiled]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.instructions.callgrind import ROOT, count
from benchmarks.instructions.kept import FILE, Kept, load, store
from benchmarks.instructions.verdict import UPDATE, compare, differences, table
from benchmarks.instructions.versions import interpreter, versions

COMPILED = ROOT / "build" / "compiled"


def main() -> None:
    options = parser().parse_args()
    package = options.package.resolve()
    if not list(package.glob("*__mypyc*")):
        sys.exit(f"no compiled wsocket in {package}: `make instructions` makes one")
    kept = load(interpreter())
    if options.update:
        update(kept, count(package))
    elif kept is None:
        sys.exit(f"no counts are kept for {interpreter()}; make some: {UPDATE}")
    else:
        check(kept, count(package))


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.instructions",
        description="Counts the instructions of fixed pieces of work.",
    )
    parser.add_argument(
        "--update", action="store_true", help=f"keep what is counted, in {FILE.name}"
    )
    parser.add_argument(
        "--package",
        type=Path,
        default=COMPILED,
        metavar="FOLDER",
        help="where a compiled wsocket is; build/compiled if not said",
    )
    return parser


def update(kept: Kept | None, counted: dict[str, int]) -> None:
    """Keep what was counted."""
    say(table(compare(counted, {} if kept is None else kept.instructions)))
    store(interpreter(), Kept(versions(), counted))
    say(f"kept for {interpreter()}: {FILE}")


def check(kept: Kept, counted: dict[str, int]) -> None:
    """Fail if something has become more expensive."""
    rows = compare(counted, kept.instructions)
    say(table(rows))
    for advice in filter(None, (row.advice for row in rows)):
        say(advice)
    problems = list(filter(None, (row.problem for row in rows)))
    if problems:
        explain(kept)
        sys.exit("\n".join(problems))


def explain(kept: Kept) -> None:
    """Other versions than at that time may be why."""
    for each in differences(versions(), kept.versions):
        say(each)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - for whoever waits


main()
