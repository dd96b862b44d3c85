"""Where in a payload the value is that a serializer cannot write.

Only for error messages: the search costs more than writing does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

# Names of deeper places would be long. Besides, a value may contain itself.
_DEEPEST = 12
_LONGEST_NAME = 50


def place_of_problem(
    pack: Callable[[Any], object], args: Sequence[Any], kwargs: Mapping[str, Any] | None
) -> tuple[str, Exception] | None:
    """The name of the place, such as ``args[0]['x'][3]``, and the problem there.

    None if all can be written.
    """
    for name, value in (("args", list(args)), ("kwargs", kwargs or {})):
        problem = _problem(pack, value)
        if problem is not None:
            return _descend(pack, name, value, problem)
    return None


def _descend(
    pack: Callable[[Any], object], name: str, value: Any, problem: Exception
) -> tuple[str, Exception]:
    """Find the smallest part of *value* that has a problem."""
    for _ in range(_DEEPEST):
        for key, part in _parts(value):
            inner = _problem(pack, part)
            if inner is not None:
                name += key
                value, problem = part, inner
                break
        else:
            return name, problem
    return name + "...", problem


def _parts(value: Any) -> Iterable[tuple[str, Any]]:
    """The parts of a container, each with its place in it, such as ``[3]``."""
    if isinstance(value, dict):
        return ((f"[{_name(key)}]", part) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return ((f"[{index}]", part) for index, part in enumerate(value))
    if isinstance(value, (set, frozenset)):
        return (("[...]", part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in fields(value))
        return ((f".{name}", getattr(value, name, None)) for name in names)
    return ()


def _name(key: Any) -> str:
    # Only such keys have a repr that is safe to show.
    return ascii(key)[:_LONGEST_NAME] if type(key) in (str, int) else "..."


def _problem(pack: Callable[[Any], object], value: Any) -> Exception | None:
    try:
        pack(value)
    except Exception as error:
        return error
    return None
