"""The status, headers and body of a handler, as a WSGI response (PEP 3333)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from wsocket.core.concurrency.kinds import FAILURES
from wsocket.core.http.headers import (
    BODILESS,
    has_no_body,
    header_list,
    status_line,
    without_length,
)
from wsocket.core.web import error_page
from wsocket.core.web.response_body import BYTES_LIKE, Body, body_of, encode
from wsocket.core.web.routes import request_path
from wsocket.core.wsgi import CONNECTION, ExcInfo, Write
from wsocket.errors import ClientGone, HttpError, RequestCut, ResponseAborted
from wsocket.log import LOGGED_AS, logger

if TYPE_CHECKING:
    from wsocket.core.http.headers import HeadersLike

TEXT = "text/html; charset=utf-8"
BINARY = "application/octet-stream"


class Head:
    """Status and headers of a response."""

    def __init__(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status = status
        self.headers = headers
        self.given = {name.lower(): value for name, value in headers}

    @property
    def bodiless(self) -> bool:
        """Whether the status rules out a body (RFC 9110 sections 15.3.5, 15.4.5)."""
        return self.status[:3] in BODILESS

    @property
    def charset(self) -> str:
        """The encoding of text: what the Content-Type says, otherwise UTF-8."""
        _, _, charset = self.given.get("content-type", "").lower().partition("charset=")
        return charset.partition(";")[0].strip(" \"'") or "utf-8"

    def complete(self, media_type: str, size: int | None) -> None:
        """Add the basic headers that the handler has not given.

        Raises:
            ValueError: The handler gave another Content-Length than `size`.
        """
        if self.bodiless:
            # 204 forbids Content-Length, and servers differ about it with 304.
            self.headers = without_length(self.headers)
            return
        if "content-type" not in self.given:
            self.headers.append(("Content-Type", media_type))
        length = self.given.get("content-length")
        if size is not None and length is None:
            self.headers.append(("Content-Length", str(size)))
        elif size is not None and length is not None and int(length) != size:
            raise ValueError(
                f"header 'Content-Length' is {length} but the body has {size} bytes; "
                f"leave it out, it is added where it is known"
            )


class Response:
    """The response to one request: takes what a handler gives, for the server."""

    def __init__(
        self, environ: Mapping[str, Any], start_response: Callable[..., Write]
    ) -> None:
        self._environ = environ
        self._server_start = start_response
        self._server_write: Write | None = None  # set when the server has the head
        self._head: Head | None = None
        self._method: str = environ.get("REQUEST_METHOD", "")
        self._to_head_request = self._method == "HEAD"
        self._lost: OSError | None = None  # why the client is gone

    def start_response(
        self,
        status: int | str = 200,
        headers: HeadersLike = (),
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes | str], None]:
        """Set status and headers; what the handler gets as its ``start_response``.

        Args:
            status: A code with or without its reason: 404, "404" or "404 Not Found".
            headers: A list of (name, value) tuples or a dict.
            exc_info: The error because of which this replaces what was set before.

        Returns:
            PEP 3333's ``write``, which sends its argument at once.
        """
        if exc_info is not None:
            if self._server_write is not None:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self._head is not None:
            raise RuntimeError(
                f"start_response was called twice, or after the first item of the "
                f"body: the response is already {self._head.status!r}"
            )
        self._head = Head(status_line(status), header_list(headers))
        return self._write

    def deliver(self, result: object) -> Iterable[bytes]:
        """Return what the handler returned as a WSGI iterable."""
        body = body_of(result)
        try:
            if body.whole:
                return self._deliver_at_once(body)
            if self._needs_no_body(body):
                return self._deliver_nothing(body, body.size)
            if self._is_wrapped_file(result):
                self._send_head(BINARY, None)
                return result
            return self._deliver_as_it_comes(body)
        except BaseException:
            self.close(body)
            raise

    def deliver_error(
        self, error: BaseException, *, debug: bool, report_url: str | None
    ) -> list[bytes]:
        """Log `error` and return the page about it.

        Raises:
            ResponseAborted: It is too late for a page.
        """
        if self._server_write is not None:
            raise self.aborted(error) from None
        if self._lost is not None:
            return self._deliver_farewell(self._lost)
        error_id = self._log(error)
        page = error_page.render(error, error_id, debug=debug, report_url=report_url)
        data = page.encode("utf-8", "backslashreplace")
        headers = [
            ("Content-Type", TEXT),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
        ]
        exc_info = (type(error), error, error.__traceback__)
        self._server_start("500 Internal Server Error", headers, exc_info)
        return [] if self._to_head_request else [data]

    def deliver_refusal(self, refusal: HttpError) -> list[bytes]:
        """Answer that this request cannot be served, and say so in the log.

        Raises:
            ResponseAborted: It is too late for an answer.
        """
        if self._server_write is not None:
            raise self.aborted(refusal) from None
        logger.info("%s: %s", self._name, refusal.problem)
        data = f"{refusal.problem}\n".encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(data))),
        ]
        exc_info = (type(refusal), refusal, refusal.__traceback__)
        self._server_start(refusal.status, headers, exc_info)
        return [] if self._to_head_request else [data]

    def aborted(self, error: BaseException) -> BaseException:
        """Log `error`, which the client cannot be told; return what to raise."""
        if self._lost is not None:  # the server's own error, which it knows how to end
            return self._lost
        error_id = self._log(error)
        return ResponseAborted(
            f"{self._name} failed after its first byte, error id {error_id}"
        )

    def lose_client(self, error: OSError) -> None:
        """The client is gone, so that whatever the handler raises is no failure."""
        self._lost = error

    def close(self, body: Body) -> None:
        """Close the body. An error is only logged: the response is complete."""
        try:
            body.close()
        except FAILURES:
            logger.exception("closing the body of %s failed", self._name)

    def _deliver_farewell(self, lost: OSError) -> list[bytes]:
        """An answer for a client that is gone, but may still read."""
        logger.debug("%s: the client is gone: %s", self._name, lost)
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        exc_info = (type(lost), lost, lost.__traceback__)
        self._server_start("400 Bad Request", headers, exc_info)
        return [b"The body of the request could not be read.\n"]

    @property
    def _name(self) -> str:
        """The request, for the log; quoted, because a client may write anything."""
        if LOGGED_AS in self._environ:
            return ascii(self._environ[LOGGED_AS])
        method = self._environ.get("REQUEST_METHOD", "")
        return f"{method} {request_path(self._environ)!a}"

    def _log(self, error: BaseException) -> str:
        error_id = secrets.token_hex(4)
        logger.error("%s failed, error id %s", self._name, error_id, exc_info=error)
        return error_id

    def _settled_head(self) -> Head:
        """The head that the handler has set, or the default."""
        if self._head is None:
            self._head = Head("200 OK", [])
        return self._head

    def _send_head(self, media_type: str, size: int | None) -> None:
        """Give the head to the server, unless ``write`` has done that."""
        if self._server_write is None:
            head = self._settled_head()
            head.complete(media_type, size)
            self._server_write = self._server_start(head.status, head.headers)

    def _write(self, data: bytes | str) -> None:
        """PEP 3333's ``write``: send `data` at once."""
        head = self._settled_head()
        chunk = encode(data, head.charset)
        if not chunk:
            return
        self._send_head(TEXT if isinstance(data, str) else BINARY, None)
        if self._server_write is None or has_no_body(self._method, head.status):
            return
        try:
            self._server_write(chunk)
        except OSError as error:
            self.lose_client(error)
            raise

    def _needs_no_body(self, body: Body) -> bool:
        """Whether the response is complete without asking `body` for its first item.

        A generator may still call start_response before that.
        """
        if self._head is None:
            return False
        typed = "content-type" in self._head.given or body.media_type is not None
        return self._head.bodiless or (self._to_head_request and typed)

    def _is_wrapped_file(self, result: object) -> TypeGuard[Iterable[bytes]]:
        """Whether `result` is the server's own file wrapper, which may be faster."""
        wrapper = self._environ.get("wsgi.file_wrapper")
        return (
            self._head is not None
            and isinstance(wrapper, type)
            and isinstance(result, wrapper)
        )

    def _deliver_nothing(self, body: Body, size: int | None) -> list[bytes]:
        self._send_head(body.media_type or TEXT, size)
        self.close(body)
        return []

    def _deliver_at_once(self, body: Body) -> list[bytes]:
        head = self._settled_head()
        items = list(body.items)
        data = b"".join([encode(item, head.charset) for item in items])
        if data and all(isinstance(item, BYTES_LIKE) for item in items):
            body.media_type = body.media_type or BINARY
        # For HEAD a handler may leave out the body; then its length is not known.
        size = len(data) if data or not self._to_head_request else None
        nothing = self._deliver_nothing(body, size)
        return nothing if has_no_body(self._method, head.status) else [data]

    def _deliver_as_it_comes(self, body: Body) -> Iterable[bytes]:
        chunks = self._encoded(body)
        # A generator's own start_response call runs with its first item.
        first = next(chunks, None)
        head = self._settled_head()
        if first is None:  # for HEAD the length is not known
            return self._deliver_nothing(body, None if self._to_head_request else 0)
        if has_no_body(self._method, head.status):
            return self._deliver_nothing(body, body.size)
        self._send_head(body.media_type or TEXT, body.size)
        return Chunks(first, chunks, self, body)

    def _encoded(self, body: Body) -> Iterator[bytes]:
        """The items that are not empty, as bytes."""
        for item in body.items:
            head = self._head
            chunk = encode(item, head.charset if head else "utf-8")
            if chunk:
                if body.media_type is None:
                    text = not isinstance(item, BYTES_LIKE)
                    body.media_type = TEXT if text else BINARY
                yield chunk
            else:
                self._nothing_yet()

    def _nothing_yet(self) -> None:
        """Tell our own server, which gets no empty items: it looks for its client.

        Raises:
            RequestCut: The client is gone.
        """
        connection = self._environ.get(CONNECTION)
        if connection is not None:
            try:
                connection.idle_for_now()
            except ClientGone as error:
                raise RequestCut("400 Bad Request", str(error)) from error


class Chunks:
    """A response body that is sent item by item, and closed by the server."""

    def __init__(
        self, first: bytes, rest: Iterator[bytes], response: Response, body: Body
    ) -> None:
        self._first: bytes | None = first
        self._rest = rest
        self._response = response
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        if first is not None:
            return first
        try:
            return next(self._rest)
        except StopIteration:
            raise
        except FAILURES as error:
            raise self._response.aborted(error) from None

    def close(self) -> None:
        """Close the handler's file or generator, however the response ended."""
        self._response.close(self._body)
