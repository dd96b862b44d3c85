"""The corpus of the fuzzer is run by the ordinary tests, too."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
TARGETS = sorted(path.stem for path in FOLDER.glob("targets/[a-z]*.py"))
CORPUS = sorted(FOLDER.glob("corpus/*/*"))


def run_one(target: str, data: bytes) -> object:
    return importlib.import_module(f"tests.fuzz.targets.{target}").run_one(data)


def test_every_target_has_a_corpus():
    """And every corpus has a target."""
    assert sorted({path.parent.name for path in CORPUS}) == TARGETS


@pytest.mark.parametrize(
    "path", CORPUS, ids=[f"{path.parent.name}/{path.name}" for path in CORPUS]
)
def test_what_must_hold_for_any_bytes_holds_for_these(path):
    """The target checks it; the outcome is the same the second time."""
    target, data = path.parent.name, path.read_bytes()
    assert repr(run_one(target, data)) == repr(run_one(target, data))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("data", [b"", b"\0", b"\xff" * 300, bytes(range(256))])
def test_any_bytes_will_do(target, data):
    """A fuzzer begins with nothing."""
    run_one(target, data)
