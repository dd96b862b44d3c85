"""Reads TOML: values, and the line of each, or what is wrong with the text."""

from __future__ import annotations

import re
import sys
from typing import Any, NamedTuple

from wsocket.standalone.key_lines import lines_of_keys
from wsocket.standalone.problems import KeyPath, Problem, on_one_line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 2**20
"""A larger file is not read."""

_MANY_DIGITS = re.compile(r"[0-9A-Fa-f_]{500,}")
_KEYS = re.compile(r"\(('[^']*'(?:, '[^']*')*),?\)")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

_BACKSLASH = "in double quotes a backslash is written twice; or take single quotes"

# What to do, by how the message of the reader begins.
_ADVICE = {
    "Invalid value": 'text needs quotes, as in "text"; others are 5, 0.5, true, false, '
    "a list [...] and a table {...}",
    "Invalid statement": "expected NAME = VALUE, [TABLE], [[TABLE]] or a # comment; a "
    "name with other characters than letters, digits, - and _ needs quotes",
    "Expected '='": "an option is NAME = VALUE",
    "Expected newline": "each option has a line of its own; text needs quotes",
    "Expected ']'": "a table begins with [TABLE] or [[TABLE]]",
    "Cannot overwrite": "it is there already; each option may be given once",
    "Cannot declare": "it is there already; a further one of a list is [[TABLE]]",
    "Cannot mutate": "a table in {...} must be complete on its line",
    "Cannot redefine": "it is there already, as something else",
    "Duplicate inline": "each option may be given once",
    "Unclosed array": "a list ends with ]",
    "Unclosed inline": "a table in {...} ends with } on the same line",
    "Unterminated": "text ends with the quotes with which it began",
    'Expected "\'"': "text ends with the quotes with which it began",
    "Illegal character": "text ends with the quotes with which it began, on its line",
    "Unescaped": _BACKSLASH,
    "Invalid hex": _BACKSLASH,
    "Invalid initial": "a name is letters, digits, - and _, or in quotes",
}


class Document(NamedTuple):
    """A TOML text that was read.

    Attributes:
        lines: Where each value is; `lines_of_keys` explains it.
    """

    values: dict[str, Any]
    lines: dict[KeyPath, int]


def parse(octets: bytes) -> Document | Problem:
    """Read the content of a file; the problem if it is not TOML."""
    if len(octets) > MAX_BYTES:
        return Problem(1, "", f"the file is too large: at most {MAX_BYTES} bytes")
    try:
        text = octets.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        return Problem(line, "", "not UTF-8: save the file in that encoding")
    try:
        return Document(tomllib.loads(text), lines_of_keys(text))
    except tomllib.TOMLDecodeError as error:
        return _syntax_problem(str(error), text)
    except RecursionError:
        return Problem(_deepest(text), "", "lists and tables are nested too deep")
    except ValueError:  # of `int`, for thousands of digits
        line = _line_of(_MANY_DIGITS, text)
        return Problem(line, "", "a number has too many digits")


def _syntax_problem(message: str, text: str) -> Problem:
    """The problem with its line, which is in the message of the reader."""
    place = _PLACE.search(message)
    line = text.rstrip().count("\n") + 1
    column = ""
    if place is not None:
        message = message[: place.start()]
        if place[1]:
            line, column = int(place[1]), f" (column {place[2]})"
    message = _KEYS.sub(_table_header, message)
    advice = next(
        (each for key, each in _ADVICE.items() if message.startswith(key)), ""
    )
    hint = f": {advice}" if advice else ""
    return Problem(line, "", on_one_line(f"not TOML: {message}{column}{hint}"))


def _table_header(keys: re.Match[str]) -> str:
    """The keys of a table as TOML writes them, which the reader shows as a tuple."""
    return "[" + keys[1].strip("'").replace("', '", ".") + "]"


def _line_of(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    return 1 if found is None else text.count("\n", 0, found.start()) + 1


def _deepest(text: str) -> int:
    """The line with the most brackets that open something."""
    lines = text.split("\n")
    openings = [line.count("[") + line.count("{") for line in lines]
    return openings.index(max(openings)) + 1
