"""The names of messages and their fields, and errors that use them."""

from __future__ import annotations

import re

from wsocket.wamp.protocol.client_messages import (
    ABORT,
    AUTHENTICATE,
    CALL,
    CANCEL,
    CHALLENGE,
    ERROR,
    EVENT,
    EVENT_RECEIVED,
    GOODBYE,
    HELLO,
    INTERRUPT,
    INVOCATION,
    PUBLISH,
    PUBLISHED,
    REGISTER,
    REGISTERED,
    RESULT,
    SUBSCRIBE,
    SUBSCRIBED,
    UNREGISTER,
    UNREGISTERED,
    UNSUBSCRIBE,
    UNSUBSCRIBED,
    WELCOME,
    YIELD,
    Message,
)

# code -> name and names of the fields after the code, as the specification spells them.
_WORDS = {
    HELLO: "HELLO Realm Details",
    WELCOME: "WELCOME Session Details",
    ABORT: "ABORT Details Reason Arguments ArgumentsKw",
    CHALLENGE: "CHALLENGE AuthMethod Extra",
    AUTHENTICATE: "AUTHENTICATE Signature Extra",
    GOODBYE: "GOODBYE Details Reason",
    ERROR: "ERROR REQUEST.Type REQUEST.Request Details Error Arguments ArgumentsKw",
    PUBLISH: "PUBLISH Request Options Topic Arguments ArgumentsKw",
    PUBLISHED: "PUBLISHED PUBLISH.Request Publication",
    SUBSCRIBE: "SUBSCRIBE Request Options Topic",
    SUBSCRIBED: "SUBSCRIBED SUBSCRIBE.Request Subscription",
    UNSUBSCRIBE: "UNSUBSCRIBE Request SUBSCRIBED.Subscription",
    UNSUBSCRIBED: "UNSUBSCRIBED UNSUBSCRIBE.Request Details",
    EVENT: (
        "EVENT SUBSCRIBED.Subscription PUBLISHED.Publication Details "
        "Arguments ArgumentsKw"
    ),
    EVENT_RECEIVED: "EVENT_RECEIVED EVENT.Publication",
    CALL: "CALL Request Options Procedure Arguments ArgumentsKw",
    CANCEL: "CANCEL CALL.Request Options",
    RESULT: "RESULT CALL.Request Details Arguments ArgumentsKw",
    REGISTER: "REGISTER Request Options Procedure",
    REGISTERED: "REGISTERED REGISTER.Request Registration",
    UNREGISTER: "UNREGISTER Request REGISTERED.Registration",
    UNREGISTERED: "UNREGISTERED UNREGISTER.Request Details",
    INVOCATION: (
        "INVOCATION Request REGISTERED.Registration Details Arguments ArgumentsKw"
    ),
    INTERRUPT: "INTERRUPT INVOCATION.Request Options",
    YIELD: "YIELD INVOCATION.Request Options Arguments ArgumentsKw",
}

LAYOUTS = {code: tuple(words.split()) for code, words in _WORDS.items()}

PAYLOAD_INDEX = {
    code: words.index("Arguments")
    for code, words in LAYOUTS.items()
    if "Arguments" in words
}
"""Message code to the index of Arguments in the message; ArgumentsKw is next."""

_PATH = re.compile(r" - at (?:`key` in )?`\$(?:\[(\d+)\])?(.*)`$", re.DOTALL)


def name_of(kind: type[Message]) -> str:
    """The name of a kind of message in the specification, such as ``PUBLISH``."""
    code = kind.__struct_config__.tag
    assert isinstance(code, int)
    return name_of_code(code)


def name_of_code(code: int) -> str:
    """The name of the messages that begin with this number."""
    return LAYOUTS[code][0]


def explain(problem: str, code: object) -> str:
    """Word the error of a decoder in terms of the protocol.

    Args:
        problem: Such as "Expected `bool`, got `int` - at `$[2].acknowledge`".
        code: First item of the message, if it could be read.

    Returns:
        Such as "PUBLISH.Options.acknowledge: expected `bool`, got `int`".
    """
    layout = LAYOUTS.get(code, ()) if type(code) is int else ()
    name = layout[0] if layout else "message"
    path = _PATH.search(problem)
    said = problem[: path.start()] if path else problem
    if not said[:2].isupper():  # "CBOR" stays as it is
        said = said[:1].lower() + said[1:]
    if path is None:
        return f"{name}: {said}"
    index = int(path[1] or 0)
    if index == 0:
        return _not_expected(code, name) if layout else _unknown(code)
    field = layout[index] if index < len(layout) else f"item {index}"
    return f"{name}.{field}{path[2]}: {said}"


def _not_expected(code: object, name: str) -> str:
    return f"message type {code} ({name}) is never sent to this side"


def _unknown(code: object) -> str:
    shown = repr(code) if type(code) is int else type(code).__name__
    return f"unknown message type {shown}"
