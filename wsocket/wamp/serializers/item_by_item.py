"""Messages in serializers that msgspec does not read: from their items, one by one."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from wsocket.wamp.protocol.field_names import explain


def message_of(items: list[Any], raws: list[Raw], kinds: Any) -> Any:
    """The message with these items, of which those of the payload are raw.

    Args:
        kinds: What it may be: `ClientMessage` or `RouterMessage`.

    Raises:
        msgspec.MsgspecError: It is not legal; `explain_items` words that.
    """
    if _is_huge(items[:1]):
        raise msgspec.DecodeError("message: unknown message type")
    message = msgspec.convert(items, kinds)
    if raws:
        message.args = raws[0]
    if len(raws) > 1:
        message.kwargs = raws[1]
    return message


def explain_items(error: Exception, items: list[Any]) -> str:
    """Word what `message_of` raised, in terms of the protocol."""
    if _is_huge(items[:1]):
        return "unknown message type"
    return explain(str(error), items[0] if items else None)


def _is_huge(code: list[Any]) -> bool:
    """Whether this is a number that Python would not even print."""
    return bool(code) and type(code[0]) is int and code[0].bit_length() > 64
