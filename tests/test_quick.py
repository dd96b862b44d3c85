"""The plugin of `make quick` leaves tests out, and fails those that start processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.programs import ROOT

TESTS = """
import subprocess, sys, pytest

def start():
    subprocess.run([sys.executable, "-c", ""], check=True)

@pytest.fixture
def processes(): pass

@pytest.fixture
def server(processes): start()

def test_pure(): pass

def test_with_a_fixture_that_starts_one(server): pass

@pytest.mark.processes
def test_with_the_mark(): start()

@pytest.mark.slow(reason="it is large")
def test_that_is_slow(): pass

def test_without_the_mark(): start()
"""


@pytest.mark.processes
def test_quick_runs_pure_tests_and_refuses_processes(tmp_path):
    """Of five tests three are left out, one passes, and the one without mark fails."""
    (tmp_path / "test_some.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "tests.quick", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert "1 failed, 1 passed, 3 deselected" in done.stdout
    assert "PASSED test_some.py::test_pure" in done.stdout
    refusal = "test_some.py::test_without_the_mark starts a process"
    assert refusal in done.stdout
