"""The types of WSGI (PEP 3333), and reading a request's headers from its environ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeAlias

Environ: TypeAlias = dict[str, Any]
"""A request, as a WSGI server hands it to the application."""

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType]
"""An error, as `sys.exc_info` has it: the third argument of ``start_response``."""

Write: TypeAlias = Callable[[bytes], object]
"""What ``start_response`` returns: it sends a part of the body at once."""


def header(environ: Mapping[str, Any], name: str) -> str:
    """The value of a header, by its name in environ; "" if there is none."""
    value: str = environ.get(name, "")
    return value.strip(" \t")


def quoted(value: str) -> str:
    """What a client sent, fit for an error message: ASCII, 100 characters at most."""
    if not value:
        return "none"
    return ascii(value if len(value) <= 100 else f"{value[:100]}...")
