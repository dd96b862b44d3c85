"""One request and its response: the server's side of WSGI (PEP 3333) over HTTP/1.1."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Protocol, cast

from wsocket.core.concurrency.kinds import FAILURES
from wsocket.core.http.grammar import STATUS_CODE
from wsocket.core.http.headers import has_no_body, header_list
from wsocket.core.http.refusal import closing_response
from wsocket.core.http.request import Request
from wsocket.core.http.request_body import RequestBody
from wsocket.core.wsgi import Environ, ExcInfo, Write
from wsocket.errors import ClientGone, RequestError, ResponseAborted
from wsocket.log import LOGGED_AS, logger

if TYPE_CHECKING:
    import io

    from _typeshed.wsgi import WSGIApplication

# Bytes of an unread request body that are cheaper to skip than a new connection.
DRAIN_LIMIT = 64 * 1024

_STATUS = re.compile(rf"{STATUS_CODE} [^\x00-\x1f\x7f]*")


class ClientConnection(Protocol):
    """The part of a connection that a call uses."""

    client: str
    """The client's address."""

    buffer: io.BufferedReader
    """The reader of the connection, at the beginning of the request's body."""

    closing: bool
    """Whether this response is the last one."""

    def send(self, data: bytes) -> None:
        """Send all of `data`, or raise ClientGone."""

    def abort(self) -> None:
        """Close with a TCP reset: the client sees an error, not a response's end."""

    def base_environ(self) -> Environ:
        """A new dict with the part of WSGI's environ that no request changes."""


class WsgiCall:
    """One request and its response.

    Args:
        connection: The connection on which the request came.

    Attributes:
        body: The request's body.
    """

    def __init__(self, connection: ClientConnection, request: Request) -> None:
        self._connection = connection
        self.body = RequestBody(
            connection.buffer,
            request.length,
            before_read=self._send_continue if request.expects_continue else None,
        )
        self._request = request
        self._environ = self._make_environ()
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._head_sent = False
        self._keep = request.keeps_alive
        self._chunked = False
        self._promised: int | None = None  # the body's length, if the head says it
        self._sent = 0  # bytes of the body

    def run(self, app: WSGIApplication) -> bool:
        """Answer the request; False when the connection must be closed."""
        try:
            self._answer(app)
        except ClientGone as error:
            logger.debug("%a: client gone: %s", self._name, error)
            self._keep = False
        except RequestError as error:
            self._refuse(error.status, error.problem)
        except ResponseAborted:  # it has been logged
            self._abort()
        except (*FAILURES, SystemExit):  # SystemExit would end gevent's server
            logger.exception("%a failed", self._name)
            problem = "the application failed; the server's log says why"
            self._refuse("500 Internal Server Error", problem)
        self._keep = self._keep and self.body.drain(DRAIN_LIMIT)
        status = self._status[:3]
        client = self._connection.client
        logger.info("%s %a %s %d", client, self._name, status, self._sent)
        return self._keep

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Write:
        """Set status and headers (PEP 3333)."""
        if exc_info is not None:
            if self._head_sent:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self._status:
            raise RuntimeError("start_response was called twice, without exc_info")
        if not (isinstance(status, str) and _STATUS.fullmatch(status)):
            raise ValueError(f"status must be a str such as '200 OK', not {status!r}")
        self._headers = header_list(headers)
        self._status = status
        return self.write

    def write(self, data: bytes) -> None:
        """Send a part of the response's body at once."""
        self._send(data, None)

    def _answer(self, app: WSGIApplication) -> None:
        # cast: typeshed's StartResponse is stricter about exc_info than PEP 3333.
        result = app(self._environ, cast("Any", self.start_response))
        try:
            if self._status[:3] == "101":  # the application has taken the connection
                self._keep = False
            else:
                self._send_result(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _make_environ(self) -> Environ:
        environ = self._connection.base_environ()
        environ.update(self._request.environ())
        environ["wsgi.input"] = self.body.stream()
        environ["wsgi.errors"] = sys.stderr
        return environ

    def _send_result(self, result: Iterable[bytes]) -> None:
        if isinstance(result, (list, tuple)):
            data = b"".join(result)
            self._send(data, len(data))
        else:
            for data in result:
                if data:
                    self._send(data, None)
        if not self._head_sent:  # the body is empty
            self._send(b"", 0)
        self._complete()

    def _send(self, data: bytes, size: int | None) -> None:
        """Send a part of the body, and before the first part the head.

        Args:
            size: Length of the whole body, if it is known.
        """
        head = b""
        if not self._head_sent:
            head = self._head(size).encode("latin-1")
            self._head_sent = True
        if self._has_no_body:
            data = b""
        excess = 0
        if self._promised is not None:
            excess = max(0, self._sent + len(data) - self._promised)
            data = data[: len(data) - excess]
        self._sent += len(data)
        if self._chunked and data:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._connection.send(head + data)
        if excess:
            raise ValueError(
                f"the body is longer than its Content-Length of {self._promised} bytes"
            )

    @property
    def _name(self) -> str:
        """The request, for the log."""
        return str(self._environ.get(LOGGED_AS, self._request.line))

    @property
    def _has_no_body(self) -> bool:
        return has_no_body(self._request.method, self._status)

    def _head(self, size: int | None) -> str:
        """The response's head, with the length of the body or its coding."""
        if not self._status:
            raise RuntimeError("the application did not call start_response")
        given = {name.lower(): value for name, value in self._headers}
        lines = [f"HTTP/1.1 {self._status}"]
        lines += [f"{name}: {value}" for name, value in self._headers]
        if "date" not in given:
            lines.append(f"Date: {_now()}")
        if self._has_no_body:
            pass  # a length would be that of the response to GET
        elif "content-length" in given:
            self._promised = int(given["content-length"])
        elif size is not None:
            self._promised = size
            lines.append(f"Content-Length: {size}")
        elif self._request.modern:
            self._chunked = True
            lines.append("Transfer-Encoding: chunked")
        last = self._connection.closing or not self.body.may_be_drained(DRAIN_LIMIT)
        if last or not self._keep:
            self._keep = False
            lines.append("Connection: close")
        lines += ["", ""]
        return "\r\n".join(lines)

    def _complete(self) -> None:
        """End the body, and check that it was as long as its head says."""
        if self._chunked:
            self._connection.send(b"0\r\n\r\n")
        if self._promised is not None and self._sent < self._promised:
            logger.error(
                "%a: the body has %d bytes, less than its Content-Length of %d",
                self._name,
                self._sent,
                self._promised,
            )
            self._keep = False

    def _send_continue(self) -> None:
        if not self._head_sent:
            self._connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, status: str, problem: str) -> None:
        """Send `problem` in place of a response, or abort one that has begun."""
        if self._head_sent:
            self._abort()
            return
        self._keep = False
        self._head_sent = True
        self._status = status
        try:
            self._connection.send(closing_response(status, problem))
        except ClientGone as gone:
            logger.debug("%a: client gone: %s", self._name, gone)

    def _abort(self) -> None:
        """End an incomplete response, so that the client notices."""
        self._keep = False
        if not self._chunked and self._promised is None:
            self._connection.abort()


_date = (0, "")


def _now() -> str:
    """The Date header's value (RFC 9110 section 6.6.1), made once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, formatdate(now, usegmt=True))
    return _date[1]
