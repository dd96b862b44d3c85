"""What a procedure returns, or the ERROR in which it ended, as a payload.

A client sends the arguments of its calls in the same way. It waits for no module that
only a procedure of its own would need, such as `logging`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, Final, NamedTuple

import msgspec

from wsocket.errors import PayloadError
from wsocket.wamp.local.calling import CallResult
from wsocket.wamp.serializers.base import (
    ENCODE_ERRORS,
    Payload,
    Serializer,
    check_keys,
    no_form_for,
)
from wsocket.wamp.serializers.payload_parts import is_plain_msgpack

# Compiled code looks up an imported name in a dict each time, but not a final one.
_is_plain_msgpack: Final = is_plain_msgpack

# These stay as they are: each serializer has a form of its own for them.
_KEPT_TYPES = (bytes, bytearray, memoryview)
_KEPT_IN_MSGPACK = (*_KEPT_TYPES, datetime)

# The types of most results: they need no look inside.
_SIMPLE = frozenset((str, int, bool, float, type(None)))

_LONGEST_TEXT = 4000  # characters of an exception


class Failure(NamedTuple):
    """The ERROR in which a procedure ended: URI and payload."""

    error: str
    payload: Payload


def result_of(value: Any, serializer: Serializer) -> Payload:
    """The payload of what a procedure returned, in the caller's serializer.

    Raises:
        PayloadError: It has no form there; the text says where in it, and why.
    """
    if value is None:  # a procedure without a result answers without a payload
        return Payload(serializer, [])
    if type(value) is CallResult:
        return payload_of(serializer, value.args, value.kwargs)
    return payload_of(serializer, [value])


def payload_of(
    serializer: Serializer,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
) -> Payload:
    """Encode values of the application for one receiver.

    All serializers take the same types: those of msgspec, such as dataclasses and sets.

    Raises:
        PayloadError: A value has no form in *serializer*; the text says where it is.
    """
    try:
        parts = []
        if args or kwargs:
            parts.append(_pack(serializer, list(args)))
        if kwargs:
            check_keys(kwargs := dict(kwargs))
            parts.append(_pack(serializer, kwargs))
        return Payload(serializer, parts)
    except ENCODE_ERRORS as error:
        # Nobody waits for this module but who has made a mistake.
        places = import_module("wsocket.wamp.serializers.places")
        found = places.place_of_problem(
            lambda value: _pack(serializer, value), args, kwargs
        )
        if found is None:
            raise PayloadError(text_of(error)) from error
        place, problem = found
        raise PayloadError(
            f"{place}: not serializable as {serializer.name}: {text_of(problem)}"
            f"{_advice(problem)}"
        ) from error


def _advice(problem: object) -> str:
    """What to do where msgspec does not say it."""
    return "; write the keys as str" if "dicts with" in str(problem) else ""


def _pack(serializer: Serializer, value: Any) -> msgspec.Raw:
    if _is_simple(value):
        return serializer.pack(value)
    if serializer.name == "msgpack":
        packed = serializer.pack(value)
        if _is_plain_msgpack(packed):
            return packed
    # Keys become text, as they do in JSON: WAMP has no others.
    kept = _KEPT_IN_MSGPACK if serializer.name == "msgpack" else _KEPT_TYPES
    return serializer.pack(
        msgspec.to_builtins(
            value, builtin_types=kept, str_keys=True, enc_hook=no_form_for
        )
    )


def _is_simple(value: Any) -> bool:
    """Whether this is a list of one simple value, as most are."""
    return type(value) is list and len(value) == 1 and type(value[0]) in _SIMPLE


def text_of(value: object) -> str:
    """``str(value)``, if there is any: as text that can be sent, and not too long."""
    try:
        text = str(value)
    except BaseException:
        logger = import_module("wsocket.log").logger  # few values have no text
        logger.debug("str() fails for a %s", type(value).__name__, exc_info=True)
        return f"a {type(value).__name__} without a text"
    if len(text) > _LONGEST_TEXT:
        text = text[:_LONGEST_TEXT] + "..."
    # Lone surrogates have no form in UTF-8.
    return text.encode(errors="backslashreplace").decode()
