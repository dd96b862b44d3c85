"""``make attacks``: run the attacks, print the table, and say what is over the limits.

``--update`` writes the table into docs/security.md. Names of attacks, parts of
them, or names of families (the modules in `kinds`) select some.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.attacks.attack import Attack
from tests.attacks.kinds import ATTACKS
from tests.attacks.publish import publish
from tests.attacks.table import BY_CHANCE, EXACT, HEAD, failures, row
from tests.attacks.trial import SERVERS, Outcome, attempt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 1 if a threshold is exceeded."""
    options = parse(arguments)
    attacks = selected(options.names)
    if not attacks:
        sys.exit("there is no such attack; they are: " + ", ".join(ATTACKS))
    print("\n".join(HEAD), flush=True)
    servers = options.server or SERVERS
    outcomes = list(run(attacks, servers, attempts=options.attempts))
    if options.update:
        publish(outcomes)
    failed = sum(1 for each in outcomes if failures(each, EXACT))
    print(f"{len(outcomes)} attacks, {failed} over the limits")
    return 1 if failed else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.attacks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--server", action="append", choices=SERVERS)
    parser.add_argument(
        "--attempts",
        type=int,
        default=3,
        help="how often an attack that is hardly over the limits is made (%(default)s)",
    )
    parser.add_argument("--update", action="store_true")
    return parser.parse_args(arguments)


def selected(names: Sequence[str]) -> list[Attack]:
    """All attacks, or those of which *names* has the family, or a part of the name."""
    return [
        attack
        for attack in ATTACKS.values()
        if not names
        or any(name == attack.family or name in attack.name for name in names)
    ]


def run(
    attacks: Sequence[Attack], servers: Sequence[str], *, attempts: int
) -> Iterator[Outcome]:
    """Make the attacks one after the other, and print each row when it is there."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "server.log")
        for attack in attacks:
            for server in servers:
                outcome = best(partial(attempt, attack, server, log), attempts)
                print(row(outcome), flush=True)
                for failure in failures(outcome, EXACT):
                    print(f"    {failure}", file=sys.stderr, flush=True)
                yield outcome


def best(once: Callable[[], Outcome], attempts: int) -> Outcome:
    """The first attempt within the limits, or the best one.

    Other programs disturb one attempt or another. What an attack causes comes again.
    """
    outcomes = [once()]
    while len(outcomes) < attempts and nearly(outcomes[-1]):
        outcomes.append(once())
    return min(outcomes, key=lambda each: (len(failures(each, EXACT)), each.longest))


def nearly(outcome: Outcome) -> bool:
    """Whether an attempt is over the limits, but only as much as by chance."""
    found = failures(outcome, EXACT)
    return bool(found) and not failures(outcome, BY_CHANCE)


if __name__ == "__main__":
    sys.exit(main())
