"""Files and functions stay small enough to be read at once."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "wsocket").rglob("*.py"))

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 40
MEDIAN_OF_FUNCTIONS = 8


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Every function and its number of lines, with its docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.end_lineno - node.lineno + 1


def too_long(source: str) -> list[str]:
    """What is longer than it may be."""
    found = [
        name for name, size in functions(source) if size > MOST_LINES_OF_A_FUNCTION
    ]
    if source.count("\n") > MOST_LINES_OF_A_FILE:
        found.append("the file")
    return found


@pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "wsocket"))
)
def test_file_and_its_functions_are_short(path):
    """At most 400 lines, and 40 for each function."""
    assert too_long(path.read_text()) == []


def test_most_functions_are_very_short():
    """The median function has at most 8 lines."""
    sizes = [size for path in SOURCES for _, size in functions(path.read_text())]
    assert statistics.median(sizes) <= MEDIAN_OF_FUNCTIONS


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f():\n" + "    x = 1\n" * 39, []),
        ("def f():\n" + "    x = 1\n" * 40, ["f"]),
        ("x = 1\n" * 400, []),
        ("x = 1\n" * 401, ["the file"]),
    ],
)
def test_what_is_too_long_is_found(source, found):
    """The check itself works, at its limits."""
    assert too_long(source) == found
