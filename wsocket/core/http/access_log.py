"""The access log: a record for each HTTP request, when its response has ended.

The message is a line in the Combined Log Format, with the duration behind it. The same
facts are attributes of the record, for a formatter that has a name for each of them.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timezone
from typing import Final, NamedTuple

from wsocket.harmless import harmless
from wsocket.log import Quoted, access_logger

_LINE: Final = '%s - - [%s] "%s" %s %d "%s" "%s" %.3fms'

# The format has English names of months, whatever the locale is.
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


class Access(NamedTuple):
    """A request and its response.

    Attributes:
        client: The client's address; "" if it has none, on a Unix socket.
        method: None if the request could not be read.
        target: What is requested, without secrets; or the first line of a request that
            could not be read, as far as it has come.
        protocol: ``"HTTP/1.1"`` or ``"HTTP/1.0"``.
        status: The code of the response; None if there was none.
        bytes: Bytes of the response's body that were sent.
        duration_ms: Milliseconds from the first byte of the request to the end of the
            response, or to the beginning of a websocket.
        subprotocol: What a websocket has agreed on.
    """

    client: str
    method: str | None
    target: str
    protocol: str | None
    status: int | None
    bytes: int
    duration_ms: float
    referer: str | None = None
    user_agent: str | None = None
    subprotocol: str | None = None


def is_access_logged() -> bool:
    """Whether somebody wants the records: the logger is at INFO or below."""
    return access_logger.isEnabledFor(logging.INFO)


def log_access(access: Access) -> None:
    """Log a request that ends now, or a websocket that begins."""
    request = " ".join(filter(None, (access.method, access.target, access.protocol)))
    template, arguments = (
        _LINE,
        [
            access.client or "-",
            _clf_time(time.time() - access.duration_ms / 1000),
            Quoted(request or "-"),
            access.status or "-",
            access.bytes,
            Quoted(access.referer or "-"),
            Quoted(access.user_agent or "-"),
            access.duration_ms,
        ],
    )
    if access.subprotocol is not None:
        template += ' "%s"'
        arguments.append(Quoted(access.subprotocol))
    facts = {name: _harmless_fact(fact) for name, fact in access._asdict().items()}
    access_logger.info(template, *arguments, extra=facts)


def milliseconds_since(began: float) -> float:
    """Milliseconds since *began*, by `time.monotonic`, to a microsecond."""
    return round((time.monotonic() - began) * 1000, 3)


def _harmless_fact(fact: object) -> object:
    return harmless(fact) if isinstance(fact, str) else fact


def _clf_time(seconds: float) -> str:
    """Unix time as the Combined Log Format has it, in UTC."""
    at = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{at:%d}/{_MONTHS[at.month - 1]}/{at:%Y:%H:%M:%S} +0000"
