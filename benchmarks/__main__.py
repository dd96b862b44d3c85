"""The command: measure, write, and say what is being done.

python -m benchmarks [--quick] [--only rpc] [--contender crossbar]
    [--server "relay:router,echo=./relay {port}"] [--rounds 5] [--seconds 2] [--publish]
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS, Contender, guest
from benchmarks.environments import (
    Unavailable,
    build_load_generator,
    build_package,
    python_for,
)
from benchmarks.machine import machine, versions
from benchmarks.measure import Bench, allow_many_connections, cores, measure
from benchmarks.micro_run import run_micro
from benchmarks.publish import RESULTS, publish, write_results
from benchmarks.report import number
from benchmarks.results import METRICS, summarize
from benchmarks.scenarios import GROUPS, SCENARIOS, Scenario

ROUNDS, SECONDS = 5, 2.0
QUICK_ROUNDS, QUICK_SECONDS = 1, 0.5
MICRO = "micro"


def main() -> None:
    options = parser().parse_args()
    # So that the server that is running then is stopped, as with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    if options.results:
        report = json.loads(options.results.read_text())
    else:
        report = run(options)
    write_results(report)
    say(f"written: {RESULTS}/results.md, results.json and the plots")
    if options.publish:
        publish(report)
        say("written: docs/performance.md and its plots")


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures wsocket beside others."
    )
    add = parser.add_argument
    add("--only", action="append", metavar="TEXT", help="scenarios with TEXT in them")
    add("--contender", action="append", metavar="TEXT", help="contenders, likewise")
    add("--rounds", type=int, help=f"how many, {ROUNDS} if not said")
    add("--seconds", type=float, help=f"of one measurement, {SECONDS:g} if not said")
    add("--quick", action="store_true", help="one short round, to see that it works")
    add(
        "--server",
        action="append",
        type=guest,
        default=[],
        metavar="NAME[:SERVICE,...]=COMMAND",
        help="another contender, with some of router, router-large, echo and http; "
        "{port} in the command stands for the port",
    )
    add(
        "--from",
        dest="results",
        type=Path,
        metavar="FILE",
        help="a results.json: write it anew, measure nothing",
    )
    add("--publish", action="store_true", help="put the figures into docs/")
    return parser


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure; the report as it is in the JSON file, which is kept up to date."""
    scenarios = [each for each in SCENARIOS if wanted(each, options.only)]
    contenders = [
        each
        for each in (*CONTENDERS, *options.server)
        if matches(each.name, options.contender)
    ]
    micro = matches(MICRO, options.only)
    if not scenarios and not micro:
        sys.exit(f"no scenario is called {' or '.join(options.only)}")
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    server_core, load_core = cores()
    allow_many_connections()
    bench = Bench(build_load_generator(), seconds, server_core, load_core)
    say("wsocket, compiled as it would be installed")
    build_package()
    contenders = [each for each in contenders if takes_part(each, scenarios)]
    install(contenders)
    report: dict[str, Any] = {
        "date": datetime.now(timezone.utc).strftime("%d %B %Y"),
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "rounds": rounds,
        "seconds": seconds,
        "machine": machine(),
        "versions": versions(contenders),
        "results": [],
        "micro": [],
    }
    for scenario in scenarios:
        report["results"] += compare(scenario, contenders, rounds=rounds, bench=bench)
        write_results(report)
    if micro:
        report["micro"] = run_micro(core=server_core, quick=options.quick)
    return report


def wanted(scenario: Scenario, texts: Sequence[str] | None) -> bool:
    return matches(f"{scenario.group} {scenario.name}", texts)


def matches(name: str, texts: Sequence[str] | None) -> bool:
    return not texts or any(text.lower() in name.lower() for text in texts)


def takes_part(contender: Contender, scenarios: Sequence[Scenario]) -> bool:
    return any(each.service in contender.services for each in scenarios)


def install(contenders: Sequence[Contender]) -> None:
    """Make the environments now, so that nothing is installed between measurements."""
    for contender in contenders:
        if contender.requires:
            say(f"environment for {contender.name}: {', '.join(contender.requires)}")
        try:
            python_for(contender)
        except Unavailable as problem:
            say(f"  {problem}")  # the tables will have it too


def compare(
    scenario: Scenario, contenders: Sequence[Contender], *, rounds: int, bench: Bench
) -> Iterator[dict[str, Any]]:
    """All rounds of one scenario, the contenders in turn."""
    players = [each for each in contenders if scenario.service in each.services]
    found: dict[str, list[dict[str, Any]]] = {each.name: [] for each in players}
    for number_of_round in range(1, rounds + 1):
        for player in players:
            if any("error" in result for result in found[player.name]):
                continue  # it has failed, and would in every round
            where = f"round {number_of_round} of {rounds}, {player.name}"
            say(f"{where}, {scenario.group} {scenario.name}: ", end="")
            result = measure(scenario, player, bench=bench)
            say(outcome(result, scenario))
            found[player.name].append(result)
    return (summarize(scenario, name, results) for name, results in found.items())


def outcome(result: dict[str, Any], scenario: Scenario) -> str:
    """One measurement in a few words."""
    if "error" in result:
        return f"failed: {result['error']}"
    return ", ".join(
        f"{number(METRICS[name].of(result, scenario.size))} {name}"
        for name in GROUPS[scenario.group].metrics
    )


def say(text: str, *, end: str = "\n") -> None:
    print(text, end=end, flush=True)  # noqa: T201 - for whoever waits


main()
