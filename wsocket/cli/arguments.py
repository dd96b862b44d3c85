"""The arguments of a call or an event, as words of a command line or as JSON.

A document with all of them is a list, or an object like ``{"args": [2], "kwargs":
{"round": true}}``. The same document is printed for events, and given to programs that
answer calls.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from wsocket.cli.streams import read_stdin
from wsocket.cli.usage import UsageError

STDIN = "-"

# What begins like this is meant as JSON, and must be it.
_NUMBER = r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?"
_MEANT_AS_JSON = re.compile(rf'\s*([\[{{"]|{_NUMBER}\s*\Z)', re.ASCII)
_CONSTANTS = {"true": True, "false": False, "null": None}

# Bytes of a document: what the largest message of RawSocket can have.
_MAX_DOCUMENT = 16 * 2**20

HELP = """\
arguments:
  What is JSON is JSON: 2, true, null, '"2"', '[1, 2]', '{"a": 1}'. Other words are
  strings: hello. key=value is a keyword argument; for a string with = in it, use
  quotes inside of quotes: '"a=b"'. Words that begin with - come after --.
  A single - reads all arguments from stdin: a list, or an object such as
  {"args": [2, 3], "kwargs": {"round": true}}. --args-json takes the same.
"""


class Arguments(NamedTuple):
    """Positional and keyword arguments."""

    args: list[Any]
    kwargs: dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of a call or an event."""
    parser.add_argument(
        "arguments",
        metavar="ARG",
        nargs="*",
        default=[],  # without it argparse demands one
        help="JSON, a string, or key=value; - for a document on stdin",
    )
    parser.add_argument(
        "--args-json", metavar="JSON", help="all arguments as one document"
    )


def given_arguments(
    options: argparse.Namespace, *, not_keywords: Sequence[str]
) -> Arguments:
    """The arguments that the options of `add_arguments` have.

    Args:
        not_keywords: Keywords that the client has another meaning for.

    Raises:
        UsageError: They are no arguments; the message says why.
    """
    given = _given(options.arguments, options.args_json)
    for key in not_keywords:
        if key in given.kwargs:
            raise UsageError(f"the keyword {key!r} cannot be sent by this command")
    return given


def _given(words: list[str], document: str | None) -> Arguments:
    if document is None:
        if words == [STDIN]:
            return _document(read_stdin(_MAX_DOCUMENT + 1), "stdin")
        return read_words(words)
    if words:
        raise UsageError("give arguments either as words or by --args-json")
    return _document(_unicode(document).encode(), "--args-json")


def read_words(words: list[str]) -> Arguments:
    """Read arguments that are words of a command line.

    Raises:
        UsageError: A word is no argument; the message says why.
    """
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for word in words:
        key, is_keyword, value = word.partition("=")
        if not (is_keyword and key.isidentifier()):
            args.append(read_value(word))
        elif key in kwargs:
            raise UsageError(f"the keyword {key!r} is given twice")
        else:
            kwargs[key] = read_value(value)
    return Arguments(args, kwargs)


def read_value(word: str) -> Any:
    """The value of a word: what looks like JSON must be JSON, the rest is a string.

    Raises:
        UsageError: It is neither.
    """
    text = _unicode(word)
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if not _MEANT_AS_JSON.match(text):
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(
            f"{word!r:.200} looks like JSON, but {_problem(error)}; for a string, put "
            f"it in double quotes, and these in single ones: '\"...\"'"
        ) from error


def _document(data: bytes, source: str) -> Arguments:
    if len(data) > _MAX_DOCUMENT:
        raise UsageError(f"{source} has more than {_MAX_DOCUMENT} bytes of arguments")
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"{source} {_problem(error)}") from error
    if isinstance(found, list):
        return Arguments(found, {})
    if isinstance(found, dict) and found.keys() <= {"args", "kwargs"}:
        args, kwargs = found.get("args", []), found.get("kwargs", {})
        if isinstance(args, list) and isinstance(kwargs, dict):
            return Arguments(args, kwargs)
    raise UsageError(
        f"{source} has no arguments: expected a list such as [2, 3], or an object such "
        f'as {{"args": [2, 3], "kwargs": {{"round": true}}}}, got {found!r:.100}'
    )


def _unicode(word: str) -> str:
    """The word, if it was UTF-8."""
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{word!r:.200} is not valid UTF-8") from error
    return word


def _problem(error: msgspec.DecodeError | RecursionError) -> str:
    """What is wrong with a document."""
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return f"is not JSON: {str(error).removeprefix('JSON is malformed: ')}"
