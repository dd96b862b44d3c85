"""What is wrong in a configuration file, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

KeyPath = tuple[str | int, ...]
"""The way to a value: keys of tables, and positions in lists, which begin with 0."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_\-]+")


class Problem(NamedTuple):
    """Something that is wrong.

    Attributes:
        line: Of the file; the first one is 1.
        path: Of the value, as `shown_path` writes it; empty for the whole file.
        message: What was expected, what is there, what to do.
    """

    line: int
    path: str
    message: str

    def at(self, file: str) -> str:
        """The problem in one line, which begins with the name of the file."""
        where = f"{self.path}: " if self.path else ""
        return f"{file}:{self.line}: {where}{self.message}"


@dataclass
class Report:
    """Gathers what is wrong in one file.

    Args:
        lines: Where each value is, by its path.
        homes: The table that an option belongs in, such as ``[server]``, by its name.
    """

    lines: Mapping[KeyPath, int]
    homes: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def add(self, path: KeyPath, message: str) -> None:
        """Something is wrong: the file cannot be used."""
        self.problems.append(self._problem(path, message))

    def warn(self, path: KeyPath, message: str) -> None:
        """Something works, but is not as it should be."""
        self.warnings.append(self._problem(path, message))

    def _problem(self, path: KeyPath, message: str) -> Problem:
        return Problem(self._line(path), shown_path(path), on_one_line(message))

    def _line(self, path: KeyPath) -> int:
        """The line of a value, or of the nearest table around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def shown_path(path: KeyPath) -> str:
    """A path as TOML writes it, with positions: ``realms.realm1.roles[0].name``."""
    shown = ""
    for step in path:
        if isinstance(step, int):
            shown += f"[{step}]"
        else:
            shown += ("." if shown else "") + shown_key(step)
    return shown


def shown_key(key: str) -> str:
    """A key as TOML writes it: in quotes if it needs them."""
    return key if _BARE_KEY.fullmatch(key) else quoted(key)


def quoted(text: str, *, most: int = 60) -> str:
    """A text in quotes, in printable ASCII, and cut if it is long."""
    if len(text) > most:
        text = f"{text[: most - 3]}..."
    escaped = text.encode("unicode_escape").decode().replace('"', r"\"")
    return f'"{escaped}"'


def on_one_line(message: str) -> str:
    """A message without what would begin another line or command a terminal."""
    return "".join(each if each.isprintable() else "?" for each in message)
