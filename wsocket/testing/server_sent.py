"""Server-sent events (WHATWG HTML, section 9.2), as a browser reads them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")  # a CR at the end may be half of one


@dataclass(frozen=True)
class ServerSentEvent:
    """An event of a stream.

    Attributes:
        name: ``message`` if it has none.
        data: Its lines, with a line feed between them.
        id: Of the last event that has one; what a browser sends as Last-Event-ID.
    """

    name: str
    data: str
    id: str

    def json(self) -> Any:
        """The JSON value of the data.

        Raises:
            ValueError: It is not JSON.
        """
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"the data of {self!r:.300} is not JSON: {error}"
            ) from None


class EventStream:
    """Takes the bytes of a stream, and gives its events and comments.

    Attributes:
        retry: Seconds after which a browser opens the stream again; None if the
            application has not said.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False
        self._name, self._id = "", ""
        self._data: list[str] = []
        self.retry: float | None = None

    def feed(self, data: bytes) -> list[ServerSentEvent | str]:
        """The events that *data* completes, and its comments as text."""
        *lines, self._rest = _LINE_END.split(self._rest + data)
        found = [self._line(line.decode("utf-8", "replace")) for line in lines]
        return [each for each in found if each is not None]

    def _line(self, line: str) -> ServerSentEvent | str | None:
        if not self._begun:
            self._begun, line = True, line.removeprefix("\ufeff")
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not field:
            return value
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field == "id" and "\0" not in value:
            self._id = value
        elif field == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value) / 1000
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        data, self._data = self._data, []
        name, self._name = self._name, ""
        if not data:
            return None
        return ServerSentEvent(name or "message", "\n".join(data), self._id)
