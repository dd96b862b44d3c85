"""The body of a request on another server, watched while an application reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wsocket.core.wsgi import CONNECTION, Environ


class WatchedInput:
    """``wsgi.input`` of another server, which tells when reading it fails.

    The server raises an OSError when the client is gone. The application may raise the
    same for other reasons, such as a database that is gone, so the type of an error
    does not tell whose fault it is.

    Args:
        lost: Called with the error, before the application gets it.
    """

    def __init__(self, source: Any, *, lost: Callable[[OSError], object]) -> None:
        self._source = source
        self._lost = lost

    def read(self, *size: int) -> Any:
        """Part of PEP 3333, as the other three."""
        return self._watched(self._source.read, *size)

    def readline(self, *size: int) -> Any:
        return self._watched(self._source.readline, *size)

    def readlines(self, *hint: int) -> Any:
        return self._watched(self._source.readlines, *hint)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)  # what this server's file has besides

    def _watched(self, method: Callable[..., Any], *args: int) -> Any:
        try:
            return method(*args)
        except OSError as error:
            self._lost(error)
            raise


def watch_input(environ: Environ, lost: Callable[[OSError], object]) -> None:
    """Watch the body of a request, if it has one and the server is not our own.

    Our own server ends the application when a body is lost; see `RequestError`.
    """
    has_body = environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING")
    if has_body and CONNECTION not in environ:
        environ["wsgi.input"] = WatchedInput(environ["wsgi.input"], lost=lost)
