"""Readers of values, one for each type that an option can have."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from wsocket.standalone.nodes import Node, Read, came, did_you_mean, usable

_LARGEST = 2**63 - 1  # of an integer in TOML; every serializer has it


def reader_of(kind: Any) -> Read | None:
    """The reader of the values of a type; None if no value of TOML is of this type.

    Of a union it reads the member that TOML has: an option that may be None is absent
    then, and a function cannot stand in a file.
    """
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return lambda node: _choice(node, inner)
    if origin in (Union, UnionType):
        readers = [each for each in map(reader_of, inner) if each is not None]
        return readers[0] if len(readers) == 1 else None
    if origin in (Sequence, Collection):
        read = reader_of(inner[0])
        return None if read is None else lambda node: list_of(node, read)
    return plain_table if origin is Mapping else None


def list_of(node: Node, read: Callable[[Node], Any]) -> list[Any]:
    """A list, without the items that cannot be used."""
    items = node.expect(list, "a list")
    return usable(read, map(node.of, range(len(items))))


def text(node: Node) -> str:
    """A text that is not empty."""
    value: str = node.expect(str, "text in quotes")
    return value if value else node.refuse("expected text, got an empty one")


def integer(node: Node) -> int:
    """An integer of 64 bits."""
    value: int = node.expect(int, "an integer")
    if abs(value) > _LARGEST:
        node.refuse("expected an integer of at most 64 bits")
    return value


def number(node: Node) -> float:
    """A finite number."""
    value: int | float = node.expect((int, float), "a number")
    if not math.isfinite(value):
        node.refuse(f"expected a finite number, got {came(value)}")
    if abs(value) > _LARGEST:
        node.refuse(f"expected a number up to {_LARGEST:g}, got {came(value)}")
    return float(value)


def switch(node: Node) -> bool:
    """True or false."""
    value: bool = node.expect(bool, "true or false")
    return value


def octets(node: Node) -> bytes:
    """Bytes, which stand in the file in base64."""
    try:
        return base64.b64decode(text(node), validate=True)
    except (binascii.Error, ValueError):
        node.refuse('expected base64, as in "c2FsdA=="')


def plain_table(node: Node) -> dict[str, Any]:
    """A table of what every serializer has: no dates, no infinite numbers."""
    value: dict[str, Any] = node.expect(dict, "a table")
    usable(plain, map(node.of, value))
    return value


def plain(node: Node) -> Any:
    """A value that every serializer has."""
    value = node.value
    if isinstance(value, dict):
        return plain_table(node)
    if isinstance(value, list):
        return list_of(node, plain)
    if isinstance(value, float):
        return number(node)
    if isinstance(value, int) and not isinstance(value, bool):
        return integer(node)
    return value if isinstance(value, bool) else node.expect(str, "text in quotes")


def _choice(node: Node, allowed: Sequence[str]) -> str:
    value: str = node.expect(str, f"one of {', '.join(map(repr, allowed))}")
    if value not in allowed:
        node.refuse(f"got {came(value)}; {did_you_mean(value, allowed)}")
    return value


_PLAIN: dict[Any, Read] = {
    str: text,
    int: integer,
    float: number,
    bool: switch,
    bytes: octets,
}
