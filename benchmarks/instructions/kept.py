"""The counts that are kept in `counts.json`, by interpreter."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("counts.json")


@dataclass(frozen=True)
class Kept:
    """One interpreter's counts.

    Attributes:
        versions: What they were counted with.
        instructions: Each row's.
    """

    versions: dict[str, str]
    instructions: dict[str, int]


def load(interpreter: str, path: Path = FILE) -> Kept | None:
    """The counts of one *interpreter*; None if there are none."""
    found = _read(path).get(interpreter)
    return None if found is None else Kept(**found)


def store(interpreter: str, counts: Kept, path: Path = FILE) -> None:
    """Keep the counts of one *interpreter*, beside those of others."""
    everything = {**_read(path), interpreter: asdict(counts)}
    path.write_text(json.dumps(everything, indent=2) + "\n")


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text())
    return found
