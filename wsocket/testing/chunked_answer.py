"""The body of an HTTP answer in chunks (RFC 9112 section 7.1), as they come."""

from __future__ import annotations


class ChunkedAnswer:
    """Takes bytes, and gives what the complete chunks in them contain.

    Attributes:
        complete: Whether the last chunk has come; else the body was cut.
    """

    def __init__(self) -> None:
        self._rest = b""
        self.complete = False

    def feed(self, data: bytes) -> bytes:
        """The content of the chunks that *data* completes.

        Raises:
            ValueError: These are no chunks.
        """
        self._rest += data
        content = b""
        while not self.complete:
            line, found, rest = self._rest.partition(b"\r\n")
            if not found:
                break
            size = int(line.partition(b";")[0], 16)
            if len(rest) < size + 2:
                break
            content += rest[:size]
            self._rest = rest[size + 2 :]
            self.complete = not size
        return content
