"""Mutants: the code with one small change, such as `<` to `<=`; for `mutation.py`."""

from __future__ import annotations

import ast
import copy
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    head: range  # lines of the statement, without the statements inside it
    scope: range | None  # of the outermost function; None: runs when it is imported

    def __str__(self) -> str:
        old = " ".join(ast.unparse(self.old).split())
        return f"{self.path}:{self.old.lineno}  {old[:60]}  ->  {self.new[:60]}"

    def applied_to(self, source: str) -> str:
        """*source* with the change; what follows keeps its line."""
        lines = source.encode().splitlines(keepends=True)
        first, last = self.old.lineno - 1, self.old.end_lineno - 1
        before = lines[first][: self.old.col_offset]
        after = lines[last][self.old.end_col_offset :]
        padding = "\n" * (last - first)
        new = (
            f"{self.new[:-1]}{padding})" if self.new[-1] == ")" else self.new + padding
        )
        parts = [*lines[:first], before, new.encode(), after, *lines[last + 1 :]]
        return b"".join(parts).decode()


def mutants_of(path: str, source: str) -> Iterator[Mutant]:
    """Every mutant of one file."""
    for statement, function in statements(ast.parse(source)):
        body = getattr(statement, "body", None) or [None]
        end = getattr(body[0], "lineno", statement.end_lineno + 1)
        head = range(statement.lineno, max(end, statement.lineno + 1))
        scope = lines_of(function) if function else None
        found = list(changes_of_statement(statement))
        if function and isinstance(statement, REMOVED) and not is_text(statement):
            found.append((statement, "pass"))
        for node in evaluated(statement):
            found.extend(changes(node))
        for old, new in found:
            yield Mutant(path, old, new, head, scope)


def statements(
    tree: ast.AST, function: ast.stmt | None = None
) -> Iterator[tuple[Any, ast.stmt | None]]:
    """Every statement below *tree*, and the outermost function that it is in."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.stmt):
            yield child, function
        inner = child if isinstance(child, FUNCTION) else None
        yield from statements(child, function or inner)


def evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions of a statement; what f-strings have has no usable position."""
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if field in ("annotation", "returns") or not isinstance(child, ast.AST):
                continue
            if not isinstance(child, (ast.stmt, ast.JoinedStr)):
                yield child
                yield from evaluated(child)


def lines_of(function: Any) -> range:
    """Where it is; the first line is that of its code object."""
    first = min(node.lineno for node in [function, *function.decorator_list])
    return range(first, function.end_lineno + 1)


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is nothing but a docstring, or `...`."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def sample(
    root: Path, paths: list[str], *, count: int, chance: random.Random
) -> list[Mutant]:
    """Mutants of *count* different lines."""
    by_line = defaultdict(list)
    for path in paths:
        for mutant in mutants_of(path, (root / path).read_text()):
            by_line[path, mutant.old.lineno].append(mutant)
    lines = chance.sample(sorted(by_line), min(count, len(by_line)))
    return [chance.choice(by_line[line]) for line in lines]
