"""A value of the file, its place, and where to say that it is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, NoReturn, Protocol, TypeVar

from wsocket.core.net.endpoints import Endpoint
from wsocket.standalone.problems import KeyPath, Report, quoted

_T = TypeVar("_T")

_MOST_NAMES = 12  # that a message lists


class Unusable(Exception):
    """There is no value to go on with. The report says why."""


class Outside(Protocol):
    """What a configuration refers to, and what does not stand in it."""

    def path(self, name: str) -> str:
        """The absolute path of a file; a relative one is beside the configuration."""

    def secret_of_file(self, path: str) -> str:
        """The secret in a file.

        Raises:
            ValueError: It cannot be had; the message says why.
        """

    def secret_of_variable(self, name: str) -> str:
        """The secret in a variable of the environment.

        Raises:
            ValueError: There is none; the message says so.
        """

    def exposure(self, path: str) -> str | None:
        """What is to be said of a file that everybody can read; None of another one."""

    def no_listener(self, endpoint: Endpoint) -> str | None:
        """Why nobody can listen there on this machine; None if it seems possible."""

    def tls(self, certfile: str, keyfile: str | None) -> Any:
        """The `ssl.SSLContext` of a certificate and its key.

        Raises:
            ValueError: A file cannot be used; the message says which one, and why.
        """


@dataclass(frozen=True)
class Node:
    """A value of the file.

    Attributes:
        value: As TOML has it.
        path: Where it is.
        report: What is wrong with it goes there.
    """

    value: Any
    path: KeyPath
    report: Report
    outside: Outside

    def of(self, step: str | int) -> Node:
        """A value in this table or list."""
        return replace(self, value=self.value[step], path=(*self.path, step))

    def refuse(self, message: str) -> NoReturn:
        """Report that this value is wrong.

        Raises:
            Unusable: Always.
        """
        self.note(message)
        raise Unusable

    def note(self, message: str) -> None:
        """Report that something is wrong with this value, and go on."""
        self.report.add(self.path, message)

    def expect(self, kind: type | tuple[type, ...], expected: str) -> Any:
        """The value if it has this type; true and false are no numbers."""
        value = self.value
        if not isinstance(value, kind) or (
            isinstance(value, bool) and kind is not bool
        ):
            self.refuse(f"expected {expected}, got {came(value)}{_advice(value, kind)}")
        return value

    def warn(self, message: str) -> None:
        """Report that this value works, but is not as it should be."""
        self.report.warn(self.path, message)


Read = Callable[[Node], Any]
"""Makes an object of a value; raises `Unusable` after it has reported why it cannot."""


def usable(read: Callable[[Node], _T], nodes: Iterable[Node]) -> list[_T]:
    """What can be made of *nodes*; the report has the others."""
    made = []
    for node in nodes:
        try:
            made.append(read(node))
        except Unusable:
            continue
    return made


def came(value: object) -> str:
    """A value, as a message names it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**50 else "a huge number"
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else "a date or time"


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Which of the known names is meant, or all of them if they are few."""
    names = list(known)
    if close := get_close_matches(given.lower(), names, n=1):
        return f"did you mean {quoted(close[0])}?"
    shown = ", ".join(map(quoted, names[:_MOST_NAMES]))
    return f"expected one of {shown}{', ...' if len(names) > _MOST_NAMES else ''}"


def _advice(value: object, kind: type | tuple[type, ...]) -> str:
    """How to write what was probably meant."""
    if isinstance(value, str):
        return _advice_for_text(value.strip().lower(), kind)
    if kind is list:
        table = isinstance(value, dict)
        return "; " + ("begin it with [[...]]" if table else _IN_BRACKETS)
    if kind is str and isinstance(value, (bool, int, float)):
        return "; put it in quotes"
    return ""


def _advice_for_text(text: str, kind: type | tuple[type, ...]) -> str:
    if kind is list:
        return f"; {_IN_BRACKETS}"
    if kind is bool and text in _SWITCHES:
        return f"; write {_SWITCHES[text]} without quotes"
    if kind in (int, (int, float)) and (found := _QUANTITY.fullmatch(text)):
        number = float(found[1]) * _UNITS[found[2]]
        shown = f"{number:g}" if number < 10**5 else f"{number:_.0f}"
        return f"; write {shown} without quotes"
    return ""


_IN_BRACKETS = "put it in brackets: [...]"
_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), "true"),
    **dict.fromkeys(("false", "no", "off", "0"), "false"),
}
_UNITS = {
    **dict.fromkeys(("", "s", "sec", "seconds", "b", "bytes"), 1),
    **dict.fromkeys(("k", "kb", "kib"), 2**10),
    **dict.fromkeys(("m", "mb", "mib"), 2**20),
    **dict.fromkeys(("g", "gb", "gib"), 2**30),
}
_QUANTITY = re.compile(rf"(\d{{1,12}}(?:\.\d{{1,6}})?) *({'|'.join(_UNITS)})")
