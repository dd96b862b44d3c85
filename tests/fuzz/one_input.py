"""Runs one input of a target, and prints its outcome: ``NAME PATH [--against DIR]``."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from tests.fuzz.reference import Reference


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("path", type=Path)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    data = options.path.read_bytes()
    run_one = importlib.import_module(f"tests.fuzz.targets.{options.name}").run_one
    outcome = repr(run_one(data))
    sys.stdout.write(f"{data!r}\n{outcome}\n")
    if options.against is not None:
        other = Reference(options.name, options.against)
        there = other.outcome(data)
        other.close()
        assert outcome == there, f"in {options.against}: {there}"


if __name__ == "__main__":
    main()
