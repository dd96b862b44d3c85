"""Keyword arguments that nobody knows, with the name that was probably meant.

Python names the argument that it does not know, but not those that it does.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

from wsocket.core.checks import closest
from wsocket.version_2 import ARGUMENTS, advice

_P = ParamSpec("_P")
_R = TypeVar("_R")
_T = TypeVar("_T")


def checks_keywords(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorate a function: unknown keyword arguments are a TypeError that helps.

    Not for what is called for each message: this costs half a microsecond.
    """
    known = [
        each.name
        for each in inspect.signature(function).parameters.values()
        if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    names = frozenset(known)
    owner = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        if not names.issuperset(kwargs):
            check_keywords(owner, kwargs, [name for name in known if name != "self"])
        return function(*args, **kwargs)

    return call


def checks_fields(kind: type[_T]) -> type[_T]:
    """Decorate a dataclass: `checks_keywords` for its constructor."""
    setattr(kind, "__init__", checks_keywords(kind.__init__))  # noqa: B010
    return kind


def check_keywords(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Accept the names of keyword arguments that *owner* knows.

    Raises:
        TypeError: One of them is unknown.
    """
    names = list(known)
    for name in given:
        if name not in names:
            meant = (
                advice(name, ARGUMENTS.get(owner, {}))
                or closest(name, names)
                or f"; expected {', '.join(names)}"
            )
            raise TypeError(f"{name}: {owner} has no such argument{meant}")
