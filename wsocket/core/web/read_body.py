"""Reading the whole body of a WSGI request, on any server."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from wsocket.core.budget import STEP
from wsocket.core.http.grammar import CONTENT_LENGTH
from wsocket.core.websocket.message_buffer import MessageBuffer
from wsocket.errors import HttpError

_BAD_REQUEST = "400 Bad Request"
_LENGTH = re.compile(CONTENT_LENGTH)


def read_body(
    environ: Mapping[str, Any], *, limit: int, has: Callable[[int], bool]
) -> bytes:
    """Read the request's body, unless it is larger than *limit* bytes.

    Args:
        has: Told how many bytes have come; if it says False, reading ends.

    Raises:
        HttpError: The body is too large or incomplete, or its length is unknown.
        RequestError: The client broke HTTP; our own server answers that.
    """
    length = _length(environ)
    if length > limit:
        raise HttpError(
            "413 Content Too Large",
            f"The body has {length} bytes; at most {limit} are accepted here.",
        )
    if not length:
        return b""
    try:
        body = _read(environ["wsgi.input"], length, has)
    except OSError as error:
        problem = f"The body could not be read: {error}"
        raise HttpError(_BAD_REQUEST, problem) from error
    if len(body) < length:
        problem = f"The body ended after {len(body)} of {length} bytes."
        raise HttpError(_BAD_REQUEST, problem)
    return body


def _read(source: Any, length: int, has: Callable[[int], bool]) -> bytes:
    """The first *length* bytes, or less if they end before, or *has* says so."""
    body = MessageBuffer()
    body.expect(length)
    while body.size < length:
        piece: bytes = source.read(min(STEP, length - body.size))
        body.add(piece)
        if not has(body.size) or not piece:
            break
    return body.binary()


def _length(environ: Mapping[str, Any]) -> int:
    """Content-Length. On some servers reading a body without one never ends."""
    text = environ.get("CONTENT_LENGTH") or ""
    if text and not _LENGTH.fullmatch(text):
        problem = f"Content-Length must be a number of bytes, got {text[:100]!a}."
        raise HttpError(_BAD_REQUEST, problem)
    if not text and environ.get("HTTP_TRANSFER_ENCODING"):
        problem = "The length of the body must be in the header Content-Length."
        raise HttpError("411 Length Required", problem)
    return int(text or 0)
