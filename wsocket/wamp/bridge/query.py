"""What a stream is to listen to: the query of its request, and Last-Event-ID."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from wsocket.core.wsgi import header, quoted
from wsocket.errors import HttpError
from wsocket.wamp.bridge.stream_link import Listening
from wsocket.wamp.protocol.client_messages import SubscribeOptions
from wsocket.wamp.protocol.ids import MAX_ID
from wsocket.wamp.protocol.uris import MATCHES

_PARAMETERS = ("topic", "match", "get_retained")
_SWITCH = {"true": True, "false": False}
_MAX_PARAMETERS = 10
_ID = re.compile(r"[0-9]{1,16}")


def read_listening(environ: Mapping[str, Any]) -> Listening:
    """The topic, the options and the last event of a request.

    Raises:
        HttpError: One of them is not what it must be.
    """
    given = _parameters(environ.get("QUERY_STRING", ""))
    topic = given.get("topic")
    if topic is None:
        raise _bad("topic: expected a URI, as in ?topic=com.example.news, got none")
    match = next(
        (each for each in MATCHES if each == given.get("match", "exact")), None
    )
    if match is None:
        expected = ", ".join(MATCHES)
        raise _bad(f"match: expected one of {expected}, got {quoted(given['match'])}")
    retained = _SWITCH.get(given.get("get_retained", "false"))
    if retained is None:
        got = quoted(given["get_retained"])
        raise _bad(f"get_retained: expected true or false, got {got}")
    options = SubscribeOptions(match=match, get_retained=retained)
    return Listening(topic, options, _last_event(environ))


def _parameters(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            # Bytes that are not escaped (PEP 3333, "Unicode Issues").
            query.encode("latin-1").decode(),
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError as error:  # UnicodeDecodeError is one
        raise _bad(f"the query is malformed: {error}") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in _PARAMETERS or name in given:
            known = ", ".join(_PARAMETERS)
            raise _bad(f"expected {known}, each once, got {quoted(name)}")
        given[name] = value
    return given


def _last_event(environ: Mapping[str, Any]) -> int | None:
    text = header(environ, "HTTP_LAST_EVENT_ID")
    if not text:
        return None
    if not _ID.fullmatch(text) or not 1 <= int(text) <= MAX_ID:
        raise _bad(f"Last-Event-ID: expected the ID of an event, got {quoted(text)}")
    return int(text)


def _bad(problem: str) -> HttpError:
    return HttpError("400 Bad Request", f"{problem}.")
