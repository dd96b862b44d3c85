"""What a router's messages mean for the functions of an application."""

from __future__ import annotations

from typing import Any

from wsocket.client.records import Record, RegistrationRecord, SubscriptionRecord
from wsocket.errors import ApplicationError, PayloadError, ProtocolError
from wsocket.wamp.local.calling import CallDetails, EventDetails
from wsocket.wamp.local.results import exception_of
from wsocket.wamp.protocol import router_messages as got
from wsocket.wamp.protocol.client_messages import Abort, Error
from wsocket.wamp.protocol.field_names import name_of
from wsocket.wamp.protocol.router_messages import RouterMessage
from wsocket.wamp.serializers.base import DECODE_ERRORS, Payload, Serializer

_LONGEST_TEXT = 500  # characters of what a router says, in an exception


def decoded(serializer: Serializer, data: str | bytes) -> RouterMessage:
    """Read a message of the router.

    Raises:
        ProtocolError: It is none; the text says which field is wrong.
    """
    try:
        return serializer.decode_from_router(data)
    except DECODE_ERRORS as error:
        raise ProtocolError(serializer.explain(error, data)) from error


def payload_in(
    serializer: Serializer, message: got.Event | got.Result | got.Invocation | Error
) -> Payload:
    """The payload of a message.

    Raises:
        ProtocolError: It is not a list and a dict.
    """
    try:
        return serializer.payload(message.args, message.kwargs)
    except PayloadError as error:
        raise ProtocolError(f"{name_of(type(message))}: {error}") from error


def error_in(serializer: Serializer, message: Error) -> ApplicationError:
    """The exception for an ERROR.

    Raises:
        ProtocolError: Its payload cannot be read.
    """
    try:
        return exception_of(message.error, payload_in(serializer, message))
    except PayloadError as error:
        raise ProtocolError(f"ERROR: {error}") from error


def event_details(event: got.Event, topic: str) -> EventDetails:
    """What the handler of a subscription to *topic* may want to know of an event."""
    details = event.details
    return EventDetails(
        topic=topic if details.topic is None else details.topic,
        publication=event.publication,
        publisher=details.publisher,
        publisher_authid=details.publisher_authid,
        publisher_authrole=details.publisher_authrole,
        trustlevel=details.trustlevel,
        retained=details.retained,
    )


def call_details(invocation: got.Invocation, uri: str) -> CallDetails:
    """What a procedure registered as *uri* may want to know of a call."""
    details = invocation.details
    return CallDetails(
        procedure=uri if details.procedure is None else details.procedure,
        caller=details.caller,
        caller_authid=details.caller_authid,
        caller_authrole=details.caller_authrole,
        trustlevel=details.trustlevel,
        progressive=details.receive_progress,
    )


def revocation(
    message: got.Unsubscribed | got.Unregistered,
) -> tuple[type[Record], int, str]:
    """What the router has ended: kind, ID (0 if it does not say) and reason."""
    details = message.details
    kind: type[Record]
    if isinstance(message, got.Unsubscribed):
        kind, number = SubscriptionRecord, getattr(details, "subscription", None)
    else:
        kind, number = RegistrationRecord, getattr(details, "registration", None)
    reason = None if details is None else details.reason
    return kind, number or 0, reason or "no reason given"


def explanation(details: dict[str, Any], reason: str) -> str:
    """What ABORT or GOODBYE says, for an exception."""
    message = details.get("message")
    text = f"{reason}: {message}" if isinstance(message, str) and message else reason
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "..."


def abort_explanation(abort: Abort, serializer: Serializer) -> str:
    """What ABORT says: some routers put the text into Arguments."""
    if not isinstance(abort.details.get("message"), str):
        try:
            args, _ = serializer.payload(abort.args, abort.kwargs).values()
        except PayloadError:
            args = []  # the reason alone has to do
        if args and isinstance(args[0], str):
            return explanation({"message": args[0]}, abort.reason)
    return explanation(abort.details, abort.reason)
