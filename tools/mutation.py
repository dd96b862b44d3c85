"""Change the code at random, one small change at a time: do the tests notice?

    make mutation ARGS='--count 300 --seed 11'

A mutant is the code with one change, such as `<` to `<=`. It is killed when a test
fails or hangs. A mutant that survives shows behaviour that no test checks, or a change
that makes no difference. The files are those of `[tool.coverage.run]`, pyproject.toml.

`make mutation` first writes into `.coverage` which test runs which line; only these
tests are run. Lines are picked evenly, then one of the possible changes to each line.
The changes are made in copies of the tree.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from coverage import CoverageData

ROOT = Path(__file__).resolve().parent.parent
NOT_COPIED = (".venv", ".git", "node_modules", "build", ".*_cache", ".hypothesis")
FEW, MANY = 40, 600  # tests of one mutant: these few first
SECONDS_FOR_A_TEST, SECONDS_FOR_FEW, SECONDS_FOR_MANY = 20, 180, 600

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
REMOVED = (
    ast.Assign,
    ast.AugAssign,
    ast.Delete,
    ast.Expr,
    ast.Raise,
    ast.Break,
    ast.Continue,
)
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


# Changes: pairs of a node and the text that takes its place.


def changes(node: ast.AST) -> Iterator[tuple[Any, str]]:
    """What can be changed in an expression, or where a statement has one."""
    match node:
        case ast.Compare(ops=[op]):
            yield node, changed(node, ops=[SWAPPED[type(op)]()])
        case ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in SWAPPED:
            yield node, changed(node, op=SWAPPED[type(op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield node, f"({ast.unparse(node.operand)})"
        case ast.Constant(value=bool() as value):
            yield node, f"{not value}"
        case ast.Constant(value=int() | float() as value):
            yield node, f"({value + 1})"
            yield node, f"({value - 1})"
        case ast.IfExp(test=test):
            yield test, f"(not ({ast.unparse(test)}))"
        case ast.comprehension(ifs=tests):
            yield from ((test, f"(not ({ast.unparse(test)}))") for test in tests)
        case ast.arguments(defaults=first, kw_defaults=last):
            for default in [*first, *last]:
                yield from changed_default(default)


def changes_of_statement(node: ast.stmt) -> Iterator[tuple[Any, str]]:
    """What can be changed in a statement but not in the expressions that it has."""
    match node:
        case ast.If(test=test) | ast.While(test=test):
            yield test, f"(not ({ast.unparse(test)}))"
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield node, "return None"
        case ast.AugAssign(op=op) if type(op) in SWAPPED:
            yield node, changed(node, op=SWAPPED[type(op)]())
        case ast.AnnAssign(value=value):
            yield from changed_default(value)


def changed(node: ast.AST, **fields: object) -> str:
    """The source of *node* with other *fields*."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return f"({ast.unparse(new)})" if isinstance(new, ast.expr) else ast.unparse(new)


def changed_default(node: ast.expr | None) -> Iterator[tuple[Any, str]]:
    """Another default; numbers and booleans are changed everywhere."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, (str, bytes)):
            yield node, repr(node.value * 2 or node.value.zfill(1))
        elif node.value is None:
            yield node, "object()"


# Mutants: changes with their place.


@dataclass(frozen=True)
class Mutant:
    """A file in which *new* stands in place of the node *old*."""

    path: str
    old: Any
    new: str
    places: tuple[range, ...]  # lines: of the statement's head, of what it is in

    def __str__(self) -> str:
        old = " ".join(ast.unparse(self.old).split())
        return f"{self.path}:{self.old.lineno}  {old[:60]}  ->  {self.new[:60]}"

    def applied_to(self, source: str) -> str:
        lines = source.encode().splitlines(keepends=True)
        first, last = self.old.lineno - 1, self.old.end_lineno - 1
        before = lines[first][: self.old.col_offset]
        after = lines[last][self.old.end_col_offset :]
        new = [*lines[:first], before, self.new.encode(), after, *lines[last + 1 :]]
        return b"".join(new).decode()


def mutants_of(path: str, source: str) -> Iterator[Mutant]:
    """Every mutant of one file."""
    for statement, function in statements(ast.parse(source)):
        body = getattr(statement, "body", None) or [None]
        end = getattr(body[0], "lineno", statement.end_lineno + 1)
        head = range(statement.lineno, max(end, statement.lineno + 1))
        places = (head, lines_of(function or statement))
        if function and isinstance(statement, REMOVED) and not is_text(statement):
            yield Mutant(path, statement, "pass", places)
        for old, new in changes_of_statement(statement):
            yield Mutant(path, old, new, places)
        for node in evaluated(statement):
            for old, new in changes(node):
                yield Mutant(path, old, new, places)


def statements(
    tree: ast.AST, function: ast.stmt | None = None
) -> Iterator[tuple[Any, ast.stmt | None]]:
    """Every statement below *tree*, and the function that it is in."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.stmt):
            yield child, function
        yield from statements(child, child if isinstance(child, FUNCTION) else function)


def evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions of a statement; what f-strings have has no usable position."""
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if field in ("annotation", "returns") or not isinstance(child, ast.AST):
                continue
            if not isinstance(child, (ast.stmt, ast.JoinedStr)):
                yield child
                yield from evaluated(child)


def lines_of(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is nothing but a docstring, or `...`."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def sample(paths: list[str], *, count: int, chance: random.Random) -> list[Mutant]:
    """Mutants of *count* different lines."""
    by_line = defaultdict(list)
    for path in paths:
        for mutant in mutants_of(path, (ROOT / path).read_text()):
            by_line[path, mutant.old.lineno].append(mutant)
    lines = chance.sample(sorted(by_line), min(count, len(by_line)))
    return [chance.choice(by_line[line]) for line in lines]


# Tests: which ones run a mutant, and what they say.


class Tests:
    """What `make coverage` has recorded."""

    def __init__(self, chance: random.Random) -> None:
        self._data = CoverageData(str(ROOT / ".coverage"))
        self._data.read()
        self._chance = chance
        self.files = sorted(self._data.measured_files())
        self._all = self._ids(self._data.measured_contexts())

    def of(self, mutant: Mutant) -> list[str]:
        """The ids of tests that run the mutant, by chance, those of one function last.

        What is evaluated when modules are imported is run by every test.
        """
        by_line = self._data.contexts_by_lineno(mutant.path)
        for lines in mutant.places:
            contexts = (by_line.get(line, ()) for line in lines)
            if found := self._ids(set().union(*contexts)):
                return self._mixed(found)
        return self._mixed(self._all)

    def _mixed(self, ids: list[str]) -> list[str]:
        seen: Counter[str] = Counter()
        rounds = []
        for test in self._chance.sample(ids, len(ids)):
            function = test.partition("[")[0]
            rounds.append((seen[function], test))
            seen[function] += 1
        return [test for _, test in sorted(rounds, key=itemgetter(0))]

    def _ids(self, contexts: set[str]) -> list[str]:
        """`test|phase` to `test`; without what ran outside of tests."""
        return sorted({context.rpartition("|")[0] for context in contexts} - {""})


class Copy:
    """A copy of the tree, for one mutant at a time."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "copy"
        ignored = shutil.ignore_patterns(*NOT_COPIED)
        shutil.copytree(ROOT, self._root, ignore=ignored, symlinks=True)

    def outcome(self, mutant: Mutant, tests: list[str]) -> str:
        """`killed`, `timeout` or `survived`, and by what it was killed."""
        path = self._root / mutant.path
        source, times = path.read_text(), path.stat()
        path.write_text(mutant.applied_to(source))
        try:
            outcome = self._run(tests[:FEW], SECONDS_FOR_FEW) or "timeout"
            if outcome == "survived" and len(tests) > FEW:
                # Many tests may be slow without any that hangs.
                outcome = self._run(tests[:MANY], SECONDS_FOR_MANY) or "survived"
            return outcome
        finally:
            path.write_text(source)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def _run(self, tests: list[str], seconds: int) -> str:
        """Run *tests* until one fails; "" when they take longer than *seconds*."""
        (self._root / "tests.txt").write_text("\n".join(sorted(tests)))
        pytest = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "@tests.txt",
        ]
        options = ["-x", "-q", "--tb=no", f"--timeout={SECONDS_FOR_A_TEST}"]
        process = subprocess.Popen(
            ["nice", *pytest, *options],
            cwd=self._root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return ""
        if process.returncode == 0:
            return "survived"
        return "killed: " + " ".join(output.split()[-30:])


def outcomes(
    mutants: list[Mutant], tests: Tests, processes: int
) -> Iterator[tuple[Mutant, str]]:
    """Run the tests on each mutant; which one is ready first is a matter of luck."""
    copies: SimpleQueue[Copy] = SimpleQueue()

    def run(mutant: Mutant, its_tests: list[str]) -> tuple[Mutant, str]:
        copy = copies.get()
        try:
            return mutant, copy.outcome(mutant, its_tests)
        finally:
            copies.put(copy)

    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(processes) as pool:
        for number in range(processes):
            copies.put(Copy(Path(name) / str(number)))
        jobs = [pool.submit(run, mutant, tests.of(mutant)) for mutant in mutants]
        for job in as_completed(jobs):
            yield job.result()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=300, help="how many mutants")
    parser.add_argument("--seed", type=int, default=11, help="another one, others")
    parser.add_argument("--only", default="", help="those of them with this text")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    tests = Tests(chance)
    mutants = sample(tests.files, count=arguments.count, chance=chance)
    mutants = [mutant for mutant in mutants if arguments.only in str(mutant)]
    counted: Counter[str] = Counter()
    for mutant, outcome in outcomes(mutants, tests, arguments.processes):
        counted[outcome.split()[0]] += 1
        print(f"{counted.total():4}  {mutant}\n      {outcome}", flush=True)
    killed = counted.total() - counted["survived"]
    print(f"{killed} of {counted.total()} were killed: {dict(counted)}")


if __name__ == "__main__":
    main()
