"""What a function is, as far as its users must know before they call it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

_KINDS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (inspect.iscoroutinefunction, "an async function"),
    (inspect.isasyncgenfunction, "an async generator"),
)


def how_async(function: object) -> str | None:
    """What async kind of function this is, in words; None if it is a plain one."""
    for is_kind, kind in _KINDS:
        if calls(function, is_kind):
            return kind
    return None


def calls(function: object, is_kind: Callable[[Any], bool]) -> bool:
    """Whether *function*, or what an object does when it is called, is of a kind."""
    while isinstance(function, functools.partial):
        function = function.func
    if is_kind(function):
        return True
    if isinstance(function, type):
        return False  # to call a class makes an object
    called = getattr(type(function), "__call__", None)  # noqa: B004 - to look at it
    return called is not None and is_kind(called)


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether *function* takes *count* arguments; True if that is not known."""
    if not inspect.isroutine(function):
        return True  # inspect reads ``__call__ = staticmethod(...)`` wrong
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions have none
        return True
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def makes_callables(kind: type) -> bool:
    """Whether objects of this class are called, and it is no function itself.

    PEP 3333 allows a class as an application: its objects are the bodies of responses.
    """
    attributes = {name for each in kind.__mro__ for name in vars(each)}
    return "__call__" in attributes and "__iter__" not in attributes


def name_of(function: object) -> str:
    """The name of a function, for messages; ``a Kind`` for another object."""
    name = getattr(function, "__qualname__", None)
    return name if isinstance(name, str) else f"a {type(function).__qualname__}"


def kind_of(function: object) -> str:
    """``function add()`` and the like: what was given in place of something else."""
    name = name_of(function)
    return f"function {name}()" if inspect.isroutine(function) else name
