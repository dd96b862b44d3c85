"""How progressive results are shown while a call runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from wsocket.cli.output import as_json
from wsocket.cli.terminal_width import columns
from wsocket.harmless import harmless


class ProgressLines:
    """A line for each of them, which stays."""

    def __init__(self, put: Callable[[Any], None]) -> None:
        self.part = put

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *unused: object) -> None:
        """End."""


class StatusLine(ProgressLines):
    """One line on stderr, a terminal, with the newest one; in the end it is removed."""

    def __init__(self) -> None:
        super().__init__(self._show)
        self._is_there = False

    def __exit__(self, *unused: object) -> None:
        """Remove the line, if there is one."""
        if self._is_there:
            self._write("")

    def _show(self, part: Any) -> None:
        text = part if isinstance(part, str) else as_json(part)
        width = columns() - 1
        self._is_there = True
        self._write(harmless(text, len(text))[:width])

    def _write(self, text: str) -> None:
        # To the first column; then the text; then the rest of the line is erased.
        sys.stderr.write(f"\r{text}\x1b[K")
        sys.stderr.flush()
