"""Server-sent events (WHATWG HTML, section 9.2): the text of a stream."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw

MEDIA_TYPE: Final = "text/event-stream"
HEARTBEAT: Final = b":\n\n"
"""A comment, which nobody sees but proxies."""

# These end a line. In JSON they are nothing but space.
_TO_SPACE = bytes.maketrans(b"\r\n", b"  ")


def first_lines(retry: float) -> bytes:
    """The beginning of a stream.

    Args:
        retry: Seconds after which the client opens it again.
    """
    return b"retry: %d\n\n" % round(retry * 1000)


def event(
    publication: int, topic: str, details: dict[str, Any], *, args: Raw, kwargs: Raw
) -> bytes:
    """An event of a topic; it has no name, so that ``onmessage`` gets it."""
    data = {"topic": topic, "args": args, "kwargs": kwargs, "details": details}
    return b"id: %d\ndata: %b\n\n" % (publication, _line(data))


def notice(name: str, data: dict[str, Any]) -> bytes:
    """Something about the stream itself; it has a name, and no ID."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _line(data))


def publication_of(event: bytes) -> int:
    """The ID in what `event` made."""
    return int(event[4 : event.index(b"\n")])


def _line(data: dict[str, Any]) -> bytes:
    return msgspec.json.encode(data).translate(_TO_SPACE)
