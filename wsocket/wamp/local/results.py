"""What becomes of the payload of a RESULT or an ERROR."""

from __future__ import annotations

from typing import Any

from wsocket.errors import ApplicationError, CallCanceled, CallTimeout
from wsocket.wamp.local.calling import CallResult
from wsocket.wamp.protocol import errors
from wsocket.wamp.serializers.base import Payload


def result_value(payload: Payload) -> Any:
    """The value of a result: one value, None, or a `CallResult`."""
    args, kwargs = payload.values()
    if kwargs or len(args) > 1:
        return CallResult(args, kwargs)
    return args[0] if args else None


def exception_of(error: str, payload: Payload) -> ApplicationError:
    """The exception for an error URI and the payload of its ERROR.

    A router that is not ours may send anything in place of a URI.
    """
    args, kwargs = payload.values()
    kind = {errors.CANCELED: CallCanceled, errors.TIMEOUT: CallTimeout}.get(
        error, ApplicationError
    )
    exception: ApplicationError = kind(errors.RUNTIME_ERROR, *args)
    exception.error = error
    exception.kwargs = kwargs
    return exception
