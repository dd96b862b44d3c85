"""Soak both servers: thousands of clients that come, call, stall, are killed and leave.

    make soak                # two minutes
    make soak SECONDS=600
    make soak ARGS='--sessions 500 gevent'

tests/soak/clients.py has what the clients do, tests/soak/history.py the rules. Half of
the time goes to each server.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.programs import app_commands, running  # noqa: E402  # after the path
from tests.soak.soak import HEADING, Round, fitting, rounds  # noqa: E402

ROUND_SECONDS = 20.0
SHOWN = 20  # faults of a round


def soak(kind: str, *, size: int, seconds: float, log: Path) -> bool:
    """Soak one server, and print a row for each round; whether all was well."""
    count = max(2, round(seconds / ROUND_SECONDS) - 1)
    print(f"\n{kind}: {size:,} clients, {count} rounds after the first\n{HEADING}")
    well = True
    with running(app_commands("tests.soak.app")[kind], log) as server:
        for done in rounds(server.url, size=size, seconds=seconds, count=count):
            report(done)
            well = well and not done.faults
    if not well:
        print(f"The server's log: {log}\n{log.read_text()[-2000:]}")
    return well


def report(done: Round) -> None:
    print(done.row(), flush=True)
    for fault in done.faults[:SHOWN]:
        print(f"    {fault}")
    if len(done.faults) > SHOWN:
        print(f"    and {len(done.faults) - SHOWN} more")


def main() -> int:
    """Run what the command line says; 1 if something was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kinds", nargs="*", default=["gevent", "threads"])
    parser.add_argument("--seconds", type=float, default=120.0, help="together")
    parser.add_argument("--sessions", type=int, default=2000, help="at once")
    options = parser.parse_args()
    size = fitting(options.sessions)
    seconds = options.seconds / len(options.kinds)
    os.chdir(ROOT)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    outcomes = [
        soak(kind, size=size, seconds=seconds, log=folder / f"{kind}.log")
        for kind in options.kinds
    ]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
