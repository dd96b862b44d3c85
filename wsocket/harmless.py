"""Text that peers have chosen, made harmless: for the log, and for terminals."""

from __future__ import annotations

from typing import Final

MAX_ARGUMENT: Final = 1000
"""Characters that are kept of one argument of a message in the log."""


def harmless(text: str, limit: int = MAX_ARGUMENT) -> str:
    """Escape what is not printable, and leave out the middle of a long text.

    Not printable are line breaks of every kind, ANSI escapes, all other control
    characters, surrogates, and characters that change the direction of the text.
    """
    return printable(shortened(text, limit))


def shortened(text: str, limit: int, around: str = "") -> str:
    """Leave out the middle of a long text; *around* stands around what says so."""
    if len(text) <= limit:
        return text
    half = limit // 2
    left_out = f"{around}...({len(text) - 2 * half} characters left out)...{around}"
    return text[:half] + left_out + text[-half:]


def printable(text: str) -> str:
    """Escape what is not printable, see `harmless`."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
