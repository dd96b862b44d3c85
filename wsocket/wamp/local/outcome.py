"""What becomes of what a procedure returns or raises: always something to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from wsocket.errors import ApplicationError, PayloadError
from wsocket.log import logger
from wsocket.wamp.local.calling import CallResult
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.uris import UriRules
from wsocket.wamp.serializers.base import (
    ENCODE_ERRORS,
    Payload,
    Serializer,
    check_keys,
    no_form_for,
)
from wsocket.wamp.serializers.places import place_of_problem

_URIS = UriRules()

# These stay as they are: each serializer has a form of its own for them.
_KEPT_TYPES = (bytes, bytearray, memoryview)

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
        found = place_of_problem(lambda value: _pack(serializer, value), args, kwargs)
        if found is None:
            raise PayloadError(text_of(error)) from error
        place, problem = found
        raise PayloadError(
            f"{place}: not serializable as {serializer.name}: {text_of(problem)}"
        ) from error


def _pack(serializer: Serializer, value: Any) -> msgspec.Raw:
    if serializer.name != "msgpack" and not _is_simple(value):
        value = msgspec.to_builtins(
            value, builtin_types=_KEPT_TYPES, enc_hook=no_form_for
        )
    return serializer.pack(value)


def _is_simple(value: Any) -> bool:
    """Whether this is a list of one simple value, as most are."""
    return type(value) is list and len(value) == 1 and type(value[0]) in _SIMPLE


def failure_of(error: BaseException, serializer: Serializer, name: str) -> Failure:
    """The ERROR for what a procedure raised, whatever that is.

    It is logged, unless it is an `ApplicationError`.

    Args:
        name: The procedure's, for the log.
    """
    try:
        if isinstance(error, ApplicationError):
            # Compiled code would insist on the type of the attribute. An application
            # may have set it to anything.
            kwargs: Any = error.__dict__["kwargs"]
            return application_failure(
                error.error, error.args, kwargs, serializer=serializer
            )
        logger.error("the procedure %s failed", name, exc_info=error)
        return runtime_error(text_of(error), serializer)
    except BaseException as broken:
        # Such as a subclass of ApplicationError that lacks `kwargs`.
        kinds = type(error).__name__, type(broken).__name__
        logger.error("the procedure %s raised %s, which raises %s", name, *kinds)
        return runtime_error(f"{kinds[0]}, which cannot be read", serializer)


def application_failure(
    error: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    serializer: Serializer,
) -> Failure:
    """The ERROR for an `ApplicationError`."""
    if not (isinstance(error, str) and _URIS.valid(error)):
        problem = f"the procedure's error is not a URI: {text_of(error)!a:.100}"
        logger.error(problem)
        return runtime_error(problem, serializer)
    try:
        return Failure(error, payload_of(serializer, args, kwargs))
    except PayloadError as unsendable:
        logger.warning("the payload of %s is sent as text: %s", error, unsendable)
        texts = [text_of(item) for item in args]
        return Failure(error, payload_of(serializer, texts))


def runtime_error(problem: str, serializer: Serializer) -> Failure:
    """``wamp.error.runtime_error`` with an explanation."""
    return Failure(errors.RUNTIME_ERROR, payload_of(serializer, [problem]))


def text_of(value: object) -> str:
    """``str(value)``, if there is any: as text that can be sent, and not too long."""
    try:
        text = str(value)
    except BaseException:
        logger.debug("str() fails for a %s", type(value).__name__, exc_info=True)
        return f"a {type(value).__name__} without a text"
    if len(text) > _LONGEST_TEXT:
        text = text[:_LONGEST_TEXT] + "..."
    # Lone surrogates have no form in UTF-8.
    return text.encode(errors="backslashreplace").decode()
