"""Reads the instructions of a Dockerfile."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    """Such as ``RUN`` and what stands after it, on one line."""

    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        """Of an instruction whose arguments are a list of JSON, after its options."""
        words: list[str] = json.loads(self.rest[self.rest.index("[") :])
        return words


def read_dockerfile(path: Path) -> list[Instruction]:
    """The instructions in their order."""
    lines = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
    joined = re.sub(r"\\\n\s*", "", lines)
    return [
        Instruction(*line.split(None, 1))
        for line in joined.splitlines()
        if line.strip()
    ]
