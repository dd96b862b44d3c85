"""Answers of the router, and what the application gets for them."""

from __future__ import annotations

from typing import Any

from wsocket.errors import ApplicationError
from wsocket.wamp.local.results import exception_of, result_value
from wsocket.wamp.protocol.client_messages import ABSENT, CALL, ERROR
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK

Answer = tuple[list[Any], Payload]
"""A message of the router: everything before its payload, and the payload."""


def error_answer(error: str, explanation: str, *, request: int = 0) -> Answer:
    """An ERROR for a call, when the router will send none."""
    head = [ERROR, CALL, request, {}, error]
    return head, Payload.of(MESSAGEPACK, [explanation])


def value_of(head: list[Any], payload: Payload) -> Any:
    """The value that a RESULT has for the application; an ERROR is raised."""
    if head[0] == ERROR:
        raise application_error(head, payload)
    return result_value(payload)


def application_error(head: list[Any], payload: Payload) -> ApplicationError:
    """The exception for an ERROR."""
    return exception_of(head[4], payload)


def fields_of(payload: Payload) -> tuple[Any, Any]:
    """Arguments and ArgumentsKw of a message with this payload."""
    args, kwargs = (*payload.parts, ABSENT, ABSENT)[:2]
    return args, kwargs
