"""What becomes of what a procedure raises: always something to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wsocket.errors import ApplicationError, PayloadError
from wsocket.log import logger
from wsocket.wamp.local.encoding import Failure, payload_of, text_of
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.uris import UriRules
from wsocket.wamp.serializers.base import Serializer

_URIS = UriRules()


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
