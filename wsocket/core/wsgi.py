"""The types of WSGI (PEP 3333), and helpers for its environ."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, TypeAlias

Environ: TypeAlias = dict[str, Any]
"""A request, as a WSGI server hands it to the application."""

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType]
"""An error, as `sys.exc_info` has it: the third argument of ``start_response``."""

Write: TypeAlias = Callable[[bytes], object]
"""What ``start_response`` returns: it sends a part of the body at once."""

CONNECTION: Final = "wsocket.connection"
"""The key of environ under which our own server puts the client's connection."""

START_RESPONSE: Final = "wsocket.start_response"
"""The key of environ under which a resource finds the server's ``start_response``."""


def header(environ: Mapping[str, Any], name: str) -> str:
    """The value of a header, by its name in environ; "" if the header is missing."""
    value: str = environ.get(name, "")
    return value.strip(" \t")


def outliving(environ: Mapping[str, Any]) -> Environ:
    """A copy of *environ* for a connection that lives longer than its request.

    The body and the connection of the request belong to the server, which needs them
    for its next request. The copy does not keep them in memory.
    """
    lasting = {**environ, "wsgi.input": io.BytesIO()}
    for key in (CONNECTION, START_RESPONSE):
        lasting.pop(key, None)
    return lasting


def park(environ: Mapping[str, Any]) -> None:
    """Tell our own server that a request waits for something that may never come.

    Then the server does not wait for its response when it ends.
    """
    connection = environ.get(CONNECTION)
    if connection is not None:
        connection.park()


def note_subprotocol(environ: Mapping[str, Any], name: str | None) -> None:
    """Tell our own server what a websocket has agreed on, for the access log."""
    connection = environ.get(CONNECTION)
    if connection is not None:
        connection.subprotocol = name


def quoted(value: str) -> str:
    """Something that a client sent, for an error message: ASCII, 100 characters."""
    if not value:
        return "none"
    return ascii(value if len(value) <= 100 else f"{value[:100]}...")
