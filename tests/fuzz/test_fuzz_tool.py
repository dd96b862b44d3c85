"""`make fuzz` itself: it finds a fault, keeps the bytes, and says how to go on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import ROOT, ended

pytestmark = pytest.mark.processes

FUZZ = [sys.executable, str(ROOT / "tools" / "fuzz.py")]
AGAIN = re.compile(r"Run it again: make fuzz ARGS='--input (\S+) (\w+)'")


@pytest.fixture
def other_build(tmp_path: Path) -> Path:
    """A copy that splits batches in another way than this one."""
    folder = tmp_path / "other"
    for part in ("wsocket", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    changed = folder / "wsocket/wamp/serializers/batching.py"
    source = changed.read_text()
    fault = source.replace("start = end + _PREFIX", "start = end + _PREFIX + 1")
    assert fault != source
    changed.write_text(fault)
    return folder


def fuzz(*arguments: object) -> subprocess.CompletedProcess[str]:
    return ended([*FUZZ, *map(str, arguments)])


def test_a_difference_between_two_builds_is_found(
    other_build: Path, tmp_path: Path
) -> None:
    """Status 1, the bytes in a file, and the command that runs them again."""
    options = ("--seconds", 3, "--work", tmp_path / "work", "--against", other_build)
    found = fuzz(*options, "batches")
    assert found.returncode == 1, found
    again = AGAIN.search(found.stdout)
    assert again, found.stdout
    path, target = again.groups()
    assert fuzz("--against", other_build, "--input", path, target).returncode == 1
    assert fuzz("--against", ROOT, "--input", path, target).returncode == 0


def test_a_table_says_what_was_done(tmp_path: Path) -> None:
    """A row for each target, with its executions; status 0 when nothing was found."""
    options = ("--seconds", 2, "--work", tmp_path, "--against", ROOT)
    done = fuzz(*options, "batches", "payload_parts")
    assert done.returncode == 0, done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == ["target", "batches", "payload_parts"]
    assert all(int(row[1].replace(",", "")) > 50 for row in rows[1:])
    assert [row[-1] for row in rows[1:]] == ["ok", "ok"]


def test_an_unknown_target_is_refused() -> None:
    """With the names of those that there are."""
    done = fuzz("batch")
    assert done.returncode == 2
    assert "no target batch; there are batches, bridge, cbor, " in done.stdout
