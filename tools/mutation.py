"""Change the code at random, one small change at a time: do the tests notice?

    make mutation ARGS='--count 300 --seed 11'

A mutant is the code with one change, such as `<` to `<=`. It is killed when a test
fails or hangs. A mutant that survives shows behaviour that no test checks, or a change
that makes no difference. The files are those of `[tool.coverage.run]`, pyproject.toml.

`make mutation` first writes into `.coverage` which test runs which line; only these
tests are run: all that are in the folder of the file's own tests, then some others.
Lines are picked evenly, then one of the possible changes to each line.

No file is changed. Each mutant has a forked process. Where the change is in a
function, the function gets other code, after pytest has collected the tests. Other
changes are made while the module is imported. What a function has done during an
import stays as it is, so look at such survivors with suspicion.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import resource
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from importlib.machinery import SourceFileLoader
from operator import itemgetter
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import gevent
import pytest
from coverage import Coverage, CoverageData
from mutants import Mutant, sample

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ["-x", "-q", "--timeout=60", "-p", "no:cacheprovider"]
OPTIONS += ["-k", "not gevent"]  # as in `make coverage`
FEW = 20  # tests of one mutant that run before all others
OTHERS = 1000  # tests of one mutant, at most, from other folders than its own
CPU_SECONDS, MEMORY = 300, 2**32  # of one process: more is an endless loop
SURVIVED, KILLED, BROKEN = 0, 1, 2

# Standard output, also while pytest keeps that of the tests.
REPORT = os.fdopen(os.dup(1), "w", buffering=1)


def measured_files() -> list[str]:
    """The files that pyproject.toml wants to be covered."""
    patterns: Any = Coverage(data_file=None).get_option("run:include")
    paths = {path for each in patterns for path in ROOT.glob(each)}
    return sorted(str(each.relative_to(ROOT)) for each in paths if each.suffix == ".py")


class Tests:
    """What `make coverage` has recorded."""

    def __init__(self, chance: random.Random) -> None:
        self._data = CoverageData(str(ROOT / ".coverage"))
        self._data.read()
        self._contexts = cache(self._data.contexts_by_lineno)
        self._chance = chance
        self._all = self._ids(self._data.measured_contexts())

    def of(self, mutant: Mutant) -> list[str]:
        """The tests of the mutant: those in the folder of its own tests, then others.

        They run the changed line, or else its function. What runs when a module is
        imported matters to all tests that run anything of it, and to the whole folder.
        """
        by_line = self._contexts(mutant.path)
        folder = f"{Path('tests', *Path(mutant.path).parts[1:-1])}/"
        places = [mutant.head, mutant.scope] if mutant.scope else [by_line]
        ran = (
            {each for line in place for each in by_line.get(line, ())}
            for place in places
        )
        ids = next(filter(None, map(self._ids, ran)), self._all)
        others = self._mixed([each for each in ids if not each.startswith(folder)])
        own = self._mixed([each for each in ids if each.startswith(folder)])
        return (own if mutant.scope else [folder]) + others[:OTHERS]

    def _mixed(self, ids: list[str]) -> list[str]:
        """In a random order, first one of each function."""
        seen: Counter[str] = Counter()
        turns = []
        for test in self._chance.sample(ids, len(ids)):
            function = test.partition("[")[0]
            turns.append((seen[function], test))
            seen[function] += 1
        return [test for _, test in sorted(turns, key=itemgetter(0))]

    def _ids(self, contexts: set[str]) -> list[str]:
        """`test|phase` to `test`; without what ran outside of tests."""
        return sorted({context.rpartition("|")[0] for context in contexts} - {""})


class Processes:
    """One for each mutant, a few at a time."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._running: dict[int, Mutant] = {}
        self.counted: Counter[str] = Counter()

    def start(self, mutant: Mutant, survives: Callable[[], bool]) -> None:
        """Find out in a new process; wait for another one if there are too many."""
        if len(self._running) == self._at_most:
            self._wait()
        pid = os.fork()
        if pid:
            self._running[pid] = mutant
            return
        try:
            os.setsid()
            os.nice(10)
            for output in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), output)
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            gevent.reinit()
            os._exit(SURVIVED if survives() else KILLED)
        finally:
            os._exit(BROKEN)

    def finish(self) -> None:
        """Wait for those that run."""
        while self._running:
            self._wait()

    def _wait(self) -> None:
        pid, status = os.wait()
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # servers that tests have started
        code = os.waitstatus_to_exitcode(status)
        outcome = {SURVIVED: "survived", KILLED: "killed", BROKEN: "broken"}
        self.counted[outcome.get(code, "hung")] += 1
        number = self.counted.total()
        print(
            f"{number:4} {outcome.get(code, 'hung'):8}  {self._running.pop(pid)}",
            file=REPORT,
        )


class Watch:
    """A plugin of pytest that ends the process when a test fails."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.pytest_collectreport(report)

    def pytest_collectreport(
        self, report: pytest.TestReport | pytest.CollectReport
    ) -> None:
        if report.failed:
            print(f"{report.nodeid} fails:", file=REPORT)
            os._exit(KILLED)


class OnImport:
    """Mutants that are made while a module is imported: nothing may be, before."""

    def __init__(self, mutant: Mutant) -> None:
        self._path = str(ROOT / mutant.path)
        self._source = mutant.applied_to((ROOT / mutant.path).read_text())

    def passes(self, tests: list[str]) -> bool:
        """Import the mutant, and run the tests."""
        code = compile(self._source, self._path, "exec", dont_inherit=True)
        get_code: Any = SourceFileLoader.get_code

        def mutated(loader: Any, name: str) -> CodeType | None:
            return code if loader.path == self._path else get_code(loader, name)

        # There is no other hook for one module alone.
        SourceFileLoader.get_code = mutated  # type: ignore[method-assign, assignment]
        code = pytest.main([*OPTIONS, *in_turn(tests)], plugins=[Watch()])
        if code:
            print(f"{code!r}, before any test:", file=REPORT)
        return not code


class InFunctions:
    """A plugin of pytest: mutants of functions, when all tests have been collected."""

    def __init__(
        self, work: list[tuple[Mutant, list[str]]], processes: Processes
    ) -> None:
        self._work = work
        self._processes = processes

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        session.config.pluginmanager.register(Watch())
        for mutant, tests in self._work:
            self._processes.start(
                mutant,
                partial(self._passes, mutant, [items[test] for test in in_turn(tests)]),
            )
        return True

    def _passes(self, mutant: Mutant, items: list[pytest.Item]) -> bool:
        replace_code(mutant)
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        return True


def replace_code(mutant: Mutant) -> None:
    """Give the function its new code, in every copy of the module."""
    path = str(ROOT / mutant.path)
    new = codes_of(mutant, mutant.applied_to(Path(path).read_text()))
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == path:
            place = each.__code__.co_name, each.__code__.co_firstlineno
            each.__code__ = new.get(place, each.__code__)


def is_replaceable(mutant: Mutant) -> bool:
    """Whether a function that exists can get the code: not without its `super()`."""
    source = (ROOT / mutant.path).read_text()
    old, new = (
        {place: code.co_freevars for place, code in codes_of(mutant, each).items()}
        for each in (source, mutant.applied_to(source))
    )
    return bool(old) and old == new


def codes_of(mutant: Mutant, source: str) -> dict[tuple[str, int], CodeType]:
    """The code of the mutant's function, by its name and first line."""
    path = str(ROOT / mutant.path)
    return {
        (code.co_name, code.co_firstlineno): code
        for code in codes_in(compile(source, path, "exec", dont_inherit=True))
        if mutant.scope and code.co_firstlineno == mutant.scope.start
    }


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """The code of functions and classes inside *code*."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from codes_in(inner)


def in_turn(tests: list[str]) -> list[str]:
    """The first few, then the others; each part in an order that shares fixtures."""
    return sorted(tests[:FEW]) + sorted(tests[FEW:])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=300, help="how many mutants")
    parser.add_argument("--seed", type=int, default=11, help="another one, others")
    parser.add_argument(
        "--only", nargs="+", default=[""], help="those of them with one of these texts"
    )
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    os.chdir(ROOT)
    chance = random.Random(arguments.seed)
    mutants = sample(ROOT, measured_files(), count=arguments.count, chance=chance)
    tests = Tests(chance)
    wanted = [
        each for each in mutants if any(text in str(each) for text in arguments.only)
    ]
    work = [(each, tests.of(each)) for each in wanted]
    in_functions = [(each, ids) for each, ids in work if is_replaceable(each)]
    processes = Processes(arguments.processes)
    for mutant, ids in work:
        if (mutant, ids) not in in_functions:
            processes.start(mutant, partial(OnImport(mutant).passes, ids))
    pytest.main(OPTIONS, plugins=[InFunctions(in_functions, processes)])
    processes.finish()
    counted = processes.counted
    killed = counted["killed"] + counted["hung"]
    print(f"{killed} of {counted.total()} were killed: {dict(counted)}", file=REPORT)


if __name__ == "__main__":
    main()
