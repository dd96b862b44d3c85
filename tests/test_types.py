"""Type checkers accept every documented call, and find what is wrong."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import pytest

from tests.programs import ROOT, ended

EVERY_CALL = (
    ROOT / "tests/typing/every_call.py",
    ROOT / "tests/typing/every_client_call.py",
)
WRONG_CALLS = ROOT / "tests/typing/wrong_calls.py"

# Without what is for contributors, and what only version 2 had.
DOCS = {ROOT / "README.md", *(ROOT / "docs").glob("*.md")} - {
    ROOT / "docs/architecture.md",
    ROOT / "docs/migrating-from-2.md",
}

PUBLIC = (
    "wsocket",
    "wsocket.asgi",
    "wsocket.client",
    "wsocket.client.auth",
    "wsocket.testing",
    "wsocket.wamp.auth",
)

CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy", "--strict", "--no-pretty"],
    "pyright": [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
}
ERROR = re.compile(r"(\w+\.py):(\d+)(?::\d+ -|:) error: ")


@pytest.mark.processes
@pytest.mark.slow(reason="type checkers read the whole package")
@pytest.mark.parametrize("checker", CHECKERS)
def test_documented_calls_have_types_and_wrong_ones_are_found(checker):
    """Each wrong line has an error, and nothing else has one."""
    done = ended([*CHECKERS[checker], *map(str, EVERY_CALL), str(WRONG_CALLS)])
    found = {(name, int(number)) for name, number in ERROR.findall(done.stdout)}
    assert found == wrong_lines(WRONG_CALLS), done.stdout + done.stderr


def test_no_checker_is_told_to_look_away():
    """Whoever copies a documented call has no such comment either."""
    for path in (*EVERY_CALL, WRONG_CALLS):
        assert not re.search(r"(type|pyright): ?ignore", path.read_text())


@pytest.mark.parametrize("module", PUBLIC)
def test_every_documented_name_is_used(module):
    """Each public name, and what the documentation names of it."""
    used = found(r"\w+", EVERY_CALL)
    documented = found(r"\.(\w+)", DOCS)
    package = import_module(module)
    missing = [name for name in package.__all__ if name not in used]
    for name in package.__all__:
        thing = getattr(package, name)
        if isinstance(thing, type):
            public = {each for each in dir(thing) if not each.startswith("_")}
            missing += [f"{name}.{each}" for each in (public & documented) - used]
    assert missing == []


def found(pattern: str, paths: Iterable[Path]) -> set[str]:
    """What fits *pattern* in the files."""
    return {each for path in paths for each in re.findall(pattern, path.read_text())}


def wrong_lines(path: Path) -> set[tuple[str, int]]:
    """The file and the numbers of the lines that say that they are wrong."""
    lines = path.read_text().splitlines()
    return {
        (path.name, number)
        for number, line in enumerate(lines, 1)
        if line.endswith("# wrong")
    }
