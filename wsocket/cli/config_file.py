"""Reads the configuration file that a command line names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from wsocket.cli.usage import UsageError
from wsocket.standalone.configuration import Reading, read_configuration
from wsocket.standalone.document import MAX_BYTES
from wsocket.standalone.outside import Machine


def read_file(name: str) -> Reading:
    """What stands in a file, and what is wrong with it.

    Raises:
        UsageError: The file cannot be read.
    """
    path = Path(name)
    try:
        with path.open("rb") as file:
            octets = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        problem = getattr(error, "strerror", None) or error
        is_missing = isinstance(error, FileNotFoundError)
        advice = f"; `wsocket init {name}` writes an example" if is_missing else ""
        raise UsageError(f"cannot read {name}: {problem}{advice}") from error
    return read_configuration(octets, Machine(path.parent, os.environ))


def complaints(reading: Reading, name: str) -> Iterator[str]:
    """A line for each problem and warning of the file *name*."""
    for problem in reading.problems:
        yield problem.at(name)
    for warning in reading.warnings:
        yield f"{warning.at(name)} (warning)"
