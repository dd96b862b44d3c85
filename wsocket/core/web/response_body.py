"""The return value of a handler, as the items to send."""

from __future__ import annotations

import io
import mimetypes
import os
import stat
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
)
from typing import Any, NoReturn, Protocol, TypeGuard

BLOCK = 64 * 1024  # bytes or characters that are read from a file at once
BYTES_LIKE = (bytes, bytearray, memoryview)


class Readable(Protocol):
    """A file-like object."""

    def read(self, size: int = ..., /) -> Any:
        """Read at most `size` bytes or characters; nothing means the end."""


class Body:
    """The items of a response body.

    Attributes:
        items: The items: bytes-like, str, None (nothing) or anything else (its text).
        whole: All the items exist already, so their total length can be known.
        size: Length in bytes of a body that is not `whole`, if it is known.
        media_type: Content-Type, if the name of a file tells it.
    """

    def __init__(
        self,
        items: Iterable[object],
        source: object = None,
        *,
        whole: bool = False,
        size: int | None = None,
        media_type: str | None = None,
    ) -> None:
        self.items: Iterator[object] = iter(items)
        self.whole = whole
        self.size = size
        self.media_type = media_type
        self._close: Callable[[], object] | None = getattr(source, "close", None)

    def close(self) -> None:
        """Close the file or the generator, once."""
        close, self._close = self._close, None
        if close is not None:
            close()


def body_of(result: object) -> Body:
    """Make a body of `result`, a handler's return value.

    Raises:
        TypeError: It is what an async function returns.
    """
    if result is None:
        return Body((), whole=True)
    if isinstance(result, (str, *BYTES_LIKE)):
        return Body((result,), whole=True)
    if isinstance(result, (list, tuple, set, frozenset, dict)):
        return Body(result, result, whole=True)
    if _is_file(result):
        return _file_body(result)
    if isinstance(result, Iterable):
        return Body(result, result)
    if isinstance(result, (Awaitable, AsyncIterable)):
        _refuse_async(result)
    return Body((str(result),), whole=True)


def _refuse_async(result: object) -> NoReturn:
    if isinstance(result, Coroutine):
        result.close()  # or Python warns that nobody awaited it
    raise TypeError(
        f"handler: it returned a {type(result).__name__}, which nobody here awaits; "
        "call and return a plain function's result, or run the coroutine with "
        "asyncio.run()"
    )


def encode(item: object, charset: str) -> bytes:
    """One item as the bytes to send; text in `charset`, None as nothing."""
    if isinstance(item, bytes):
        return item
    if isinstance(item, str):
        return item.encode(charset)
    if isinstance(item, BYTES_LIKE):
        return bytes(item)
    return b"" if item is None else str(item).encode(charset)


def _is_file(result: object) -> TypeGuard[Readable]:
    return callable(getattr(result, "read", None))


def _file_body(file: Readable) -> Body:
    size = _regular_size(file)
    media_type = _media_type(getattr(file, "name", None))
    if not isinstance(file, io.TextIOBase):
        # read1 returns what a pipe holds now; read waits for a full block.
        read = getattr(file, "read1", file.read)
        return Body(_blocks(read, size), file, size=size, media_type=media_type)
    if isinstance(file, io.StringIO) or (size is not None and size <= BLOCK):
        return Body(_blocks(file.read, None), file, whole=True, media_type=media_type)
    # The text of a file may have another length in the encoding of the response.
    read = file.readline if size is None else file.read
    return Body(_blocks(read, None), file, media_type=media_type)


def _regular_size(file: Readable) -> int | None:
    """Bytes left in a regular file or BytesIO; None if that is not known.

    Only files of the operating system count: the `fileno` of a GzipFile is that of the
    compressed file.
    """
    if isinstance(file, io.BytesIO):
        return max(0, file.getbuffer().nbytes - file.tell())
    buffer: Any = getattr(file, "buffer", file)
    raw = getattr(buffer, "raw", buffer)
    if not isinstance(raw, io.FileIO):
        return None
    status = os.fstat(raw.fileno())
    # Files in /proc have size 0 and are not empty. Other empty files end at once.
    if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
        return None
    position: int = buffer.tell()
    return max(0, status.st_size - position)


def _blocks(read: Callable[[int], Any], size: int | None) -> Iterator[object]:
    """Read to the end of the file, or `size` bytes even if the file grows."""
    left = size
    while left is None or left > 0:
        block = read(BLOCK if left is None else min(BLOCK, left))
        if block is None:
            raise OSError("a non-blocking file cannot be sent: its read() gave None")
        if not block:
            break
        yield block
        left = None if left is None else left - len(block)
    if left:
        raise EOFError(f"the file ended {left} bytes before its size of {size} bytes")


def _media_type(name: object) -> str | None:
    """Content-Type for a file of that name; text is assumed to be UTF-8."""
    if not isinstance(name, str):
        return None
    media_type, compression = mimetypes.guess_type(name)
    if media_type is None or compression is not None:
        return None
    return f"{media_type}; charset=utf-8" if media_type[:5] == "text/" else media_type
