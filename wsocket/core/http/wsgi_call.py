"""One request and its response: the server's side of WSGI (PEP 3333) over HTTP/1.1."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Protocol, cast

from wsocket.core.concurrency.ctrl_c import is_ctrl_c
from wsocket.core.http.access_log import Access
from wsocket.core.http.grammar import STATUS_CODE
from wsocket.core.http.headers import (
    BODILESS,
    forwardable,
    has_no_body,
    without_length,
)
from wsocket.core.http.refusal import body_size, closing_response
from wsocket.core.http.request import Request
from wsocket.core.http.request_body import RequestBody
from wsocket.core.wsgi import Environ, ExcInfo, Write
from wsocket.errors import ClientGone, RequestCut, RequestError, ResponseAborted
from wsocket.log import LOGGED_AS, logger

if TYPE_CHECKING:
    import io

    from _typeshed.wsgi import WSGIApplication

# An unread request body is skipped if that costs less than a new connection.
DRAIN_LIMIT = 64 * 1024  # bytes
DRAIN_TIME = 1.0  # seconds

_STATUS = re.compile(rf"{STATUS_CODE} [^\x00-\x1f\x7f]*")

# A body that is larger is not copied to be sent together with its head.
_WORTH_A_COPY = 65536  # bytes


class ClientConnection(Protocol):
    """The part of a connection that a call uses."""

    client: str
    """The client's address."""

    closing: bool
    """Whether this response is the last one."""

    subprotocol: str | None
    """What a websocket has agreed on, if the application has taken the connection."""

    @property
    def buffer(self) -> io.BufferedReader:
        """The reader of the connection, at the beginning of the request's body."""

    def send(self, data: bytes) -> None:
        """Send all of `data`, or raise ClientGone."""

    def sent_some(self) -> None:
        """A part was sent, and others may follow."""

    def idle_for_now(self) -> None:
        """Nothing is to be sent yet; raise ClientGone if nobody waits for it."""

    def abort(self) -> None:
        """Close with a TCP reset: the client sees an error, not a response's end."""

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Reading in this block fails after so many seconds."""

    def base_environ(self) -> Environ:
        """A new dict with the part of WSGI's environ that no request changes."""


class WsgiCall:
    """One request and its response.

    Args:
        connection: The connection on which the request came.

    Attributes:
        body: The request's body.
        taken: The application has taken the connection, for another protocol.
        sent: Bytes of the response's body.
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
        self._over = self.taken = False
        self._keep = request.keeps_alive
        self._chunked = False
        self._promised: int | None = None  # the body's length, if the head says it
        self.sent = 0

    def run(self, app: WSGIApplication) -> None:
        """Answer the request.

        Raises:
            KeyboardInterrupt: It may have been Ctrl-C that interrupted the application;
                the request has been answered.
        """
        try:
            self._answer(app)
        except ClientGone as error:
            self._client_left(error)
        except RequestError as error:
            self._refuse(error.status, error.problem)
            if isinstance(error, RequestCut):
                self._client_left(error)
        except ResponseAborted:  # it has been logged
            self._abort()
        except BaseException as error:
            self._fail(error)

    def keeps_connection(self) -> bool:
        """After `run`: whether another request may follow; skips the body's rest."""
        return self._keep and self._skip_rest_of_body()

    def access(self, duration_ms: float) -> Access:
        """After `run`: what the access log is told."""
        request = self._request
        without_version = request.line.rpartition(" ")[0]
        name = str(self._environ.get(LOGGED_AS, without_version))
        return Access(
            # The application may know who is behind a proxy.
            client=str(self._environ.get("REMOTE_ADDR", "")),
            method=request.method,
            target=name.removeprefix(f"{request.method} "),
            protocol=request.version,
            status=int(self._status[:3]) if self._status else None,
            bytes=self.sent,
            duration_ms=duration_ms,
            referer=request.fields.get("referer"),
            user_agent=request.fields.get("user-agent"),
            subprotocol=self._connection.subprotocol if self.taken else None,
        )

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
        if status[0] == "1" and not self._may_switch_protocols(status):
            raise ValueError(
                f"status {status!r} is an interim response, which only the server "
                f"sends; answer with 200 or above"
            )
        self._headers, dropped = forwardable(headers)
        if dropped:
            logger.debug("%a: hop-by-hop headers are dropped: %s", self._name, dropped)
        self._status = status
        return self.write

    def write(self, data: bytes) -> None:
        """Send a part of the response's body at once."""
        if self._over:
            raise RuntimeError("write() was called after the end of the response")
        self._send(_checked(data), None)
        self._connection.sent_some()

    def _answer(self, app: WSGIApplication) -> None:
        # cast: typeshed's StartResponse is stricter about exc_info than PEP 3333.
        result = app(self._environ, cast("Any", self.start_response))
        try:
            if self._status[:3] == "101":  # the application has taken the connection
                self.taken = self._over = True
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

    def _may_switch_protocols(self, status: str) -> bool:
        """Whether this is the answer to a request for another protocol."""
        request = self._request
        return status[:3] == "101" and request.modern and "upgrade" in request.fields

    def _send_result(self, result: Iterable[bytes]) -> None:
        if isinstance(result, (list, tuple)):
            data = b"".join(map(_checked, result))
            self._send(data, len(data))
        else:
            for item in result:
                data = _checked(item)
                if not data:
                    self._connection.idle_for_now()
                    continue
                self._send(data, None)
                if self._has_no_body:  # the rest is not sent, and may be endless
                    break
                self._connection.sent_some()
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
            excess = max(0, self.sent + len(data) - self._promised)
            data = data[: len(data) - excess]
        self.sent += len(data)
        if self._chunked and data:
            self._send_parts(b"%b%x\r\n" % (head, len(data)), data, b"\r\n")
        else:
            self._send_parts(head, data, b"")
        if excess:
            raise ValueError(
                f"the body is longer than its Content-Length of {self._promised} bytes"
            )

    def _send_parts(self, before: bytes, data: bytes, after: bytes) -> None:
        """Send them together, but for *data* that is not worth a copy."""
        if len(data) <= _WORTH_A_COPY:
            self._connection.send(before + data + after)
        else:
            for each in filter(None, (before, data, after)):
                self._connection.send(each)

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
        code, headers = self._status[:3], self._headers
        if code in BODILESS:
            headers = without_length(headers)
        given = {name.lower(): value for name, value in headers}
        lines = [f"HTTP/1.1 {self._status}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if "date" not in given:
            lines.append(f"Date: {_now()}")
        if code == "205":  # unlike 204 it needs one (RFC 9112 section 6.3)
            lines.append("Content-Length: 0")
        elif self._has_no_body:
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
        if self._promised is not None and self.sent < self._promised:
            logger.error(
                "%a: the body has %d bytes, less than its Content-Length of %d",
                self._name,
                self.sent,
                self._promised,
            )
            self._keep = False
        self._over = True

    def _skip_rest_of_body(self) -> bool:
        """Skip what the application has not read; False if it does not come soon."""
        if self.body.complete:
            return True
        with self._connection.within(DRAIN_TIME):
            return self.body.drain(DRAIN_LIMIT)

    def _send_continue(self) -> None:
        if not self._head_sent:
            self._connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _fail(self, error: BaseException) -> None:
        """The application has failed, before, in or after its response.

        User code may raise everything, also SystemExit, which would end the server.

        Raises:
            KeyboardInterrupt: It may have been Ctrl-C.
        """
        logger.exception("%a failed", self._name)
        problem = "the application failed; the server's log says why"
        self._refuse("500 Internal Server Error", problem)
        if is_ctrl_c(error):
            raise error

    def _refuse(self, status: str, problem: str) -> None:
        """Send `problem` in place of a response, or abort one that has begun."""
        self._keep = False
        if self._head_sent:
            self._abort()
            return
        self._head_sent = self._over = True
        self._status = status
        response = closing_response(status, problem)
        self.sent = body_size(response)
        with contextlib.suppress(ClientGone):  # nobody is there to read it
            self._connection.send(response)

    def _abort(self) -> None:
        """End an incomplete response, so that the client notices."""
        self._keep = False
        if not (self._over or self._chunked or self._promised is not None):
            self._connection.abort()
        self._over = True

    def _client_left(self, error: BaseException) -> None:
        """Nobody is there any more: say so to those who look for it."""
        self._keep = False
        logger.debug(
            "%s %a %s %d: the client is gone: %s",
            self._connection.client,
            self._name,
            self._status[:3],
            self.sent,
            error,
        )


def _checked(item: object) -> bytes:
    """An item of the body, as bytes.

    Raises:
        TypeError: PEP 3333 does not allow it.
    """
    if type(item) is bytes:
        return item
    if isinstance(item, (bytes, bytearray, memoryview)):
        return bytes(item)
    raise TypeError(
        f"the body must be an iterable of bytes; one of its items is {item!r:.100} "
        f"({type(item).__name__})"
    )


_date = (0, "")


def _now() -> str:
    """The Date header's value (RFC 9110 section 6.6.1), made once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, formatdate(now, usegmt=True))
    return _date[1]
