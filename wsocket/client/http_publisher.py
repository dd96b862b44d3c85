"""Publishing and calling by HTTP, for programs that need no session.

docs/bridge.md describes the other end.
"""

from __future__ import annotations

import math
import secrets
import ssl
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import msgspec

from wsocket.client.http_pool import HttpPool, HttpResponse
from wsocket.errors import ApplicationError, CallCanceled, CallTimeout, HttpError
from wsocket.wamp.bridge.signature import authorization
from wsocket.wamp.local.calling import CallResult
from wsocket.wamp.serializers.base import DECODE_ERRORS, Payload
from wsocket.wamp.serializers.json import JSON

_PROBLEM = "application/problem+json"
_GRACE = 5.0  # seconds for the way of an answer that says that there is none

_KINDS = {"wamp.error.canceled": CallCanceled, "wamp.error.timeout": CallTimeout}


class HttpPublisher:
    """Publishes and calls by HTTP; from any thread, and after a fork.

    Args:
        url: The base path of the bridge, such as ``"https://example.com/wamp"``.
        key_id: The ID of the key with which requests are signed.
        secret: The secret of this key.
        token: A bearer token, in place of a key. Without both the requests are those of
            an anonymous client.
        timeout: Seconds that a request waits for an answer, if it does not say.
        ssl_context: For ``https``; None is that of `ssl.create_default_context`.

    Raises:
        TypeError, ValueError: An argument is not what it must be.
    """

    def __init__(
        self,
        url: str,
        key_id: str | None = None,
        secret: str | bytes | None = None,
        *,
        token: str | None = None,
        timeout: float = 10.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError(
                f"url: expected one such as 'https://example.com/wamp', got {url!r}"
            )
        if (key_id is None) is not (secret is None):
            raise ValueError("key_id and secret: give both, or none")
        if key_id is not None and token is not None:
            raise ValueError("give a key or a token, not both")
        self._path = parts.path.rstrip("/")
        self._key_id = key_id
        self._secret = secret.encode() if isinstance(secret, str) else secret
        self._token = token
        self._timeout = _seconds(timeout)
        self._pool = HttpPool(
            parts.hostname,
            parts.port,
            secure=parts.scheme == "https",
            ssl_context=ssl_context,
        )

    def publish(
        self,
        topic: str,
        /,
        *args: Any,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> int:
        """Publish an event to the subscribers of *topic*.

        Args:
            options: PUBLISH.Options, such as ``{"retain": True}``.

        Returns:
            The publication ID: the router has accepted the event.

        Raises:
            ApplicationError: The router refused; its `error` says why.
            HttpError: The answer is that of no bridge, but of a proxy perhaps.
            OSError, http.client.HTTPException: There is no answer. The event may have
                been published.
            ValueError: A value is not serializable.
        """
        request: dict[str, Any] = {"topic": topic, "options": dict(options or {})}
        answer = self._ask("publish", request, args, kwargs, timeout=self._timeout)
        publication: int = answer["publication"]
        return publication

    def call(
        self,
        procedure: str,
        /,
        *args: Any,
        timeout: float | None = None,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call a WAMP procedure, and return its result.

        Args:
            timeout: Seconds to wait for the result; the bridge has a limit for it.
            options: CALL.Options.

        Returns:
            The value if the result is one value, None if it is empty, or a
            `CallResult`.

        Raises:
            ApplicationError: The call ended in a WAMP ERROR, or the router refused.
            CallTimeout: No result came in time; the call is canceled.
            HttpError, OSError, http.client.HTTPException, ValueError: See `publish`.
        """
        seconds = self._timeout if timeout is None else _seconds(timeout)
        request = {
            "procedure": procedure,
            "options": dict(options or {}),
            "timeout": seconds,
        }
        answer = self._ask("call", request, args, kwargs, timeout=seconds)
        result = CallResult(*_values(answer))
        if result.kwargs or len(result.args) > 1:
            return result
        return result.args[0] if result.args else None

    def close(self) -> None:
        """Close the idle connections; a later request opens another one."""
        self._pool.close()

    def __enter__(self) -> HttpPublisher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(
        self,
        name: str,
        request: dict[str, Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        timeout: float,
    ) -> dict[str, Any]:
        parts = Payload.of(JSON, args, kwargs).parts
        payload = dict(zip(("args", "kwargs"), parts, strict=False))
        body = msgspec.json.encode(request | payload)
        path = f"{self._path}/{name}"
        headers = {"Content-Type": "application/json", **self._proof(path, body)}
        response = self._pool.post(path, body, headers, timeout=timeout + _GRACE)
        if response.status == 200:
            return _read(response)
        raise _error(response)

    def _proof(self, path: str, body: bytes) -> dict[str, str]:
        """The header that says who sends a request."""
        if self._token is not None:
            return {"Authorization": f"Bearer {self._token}"}
        if self._key_id is None or self._secret is None:
            return {}
        value = authorization(
            self._key_id,
            self._secret,
            method="POST",
            target=path,
            body=body,
            timestamp=int(time.time()),
            nonce=secrets.token_urlsafe(18),
        )
        return {"Authorization": value}


def _read(response: HttpResponse) -> dict[str, Any]:
    try:
        return msgspec.json.decode(response.body, type=dict[str, Any])
    except DECODE_ERRORS:
        raise _foreign(response) from None


def _error(response: HttpResponse) -> Exception:
    """The exception for an answer that is no success."""
    if response.media_type != _PROBLEM:
        return _foreign(response)
    problem = _read(response)
    if "error" not in problem:
        return HttpError(_status(response), problem.get("detail", ""))
    error = problem["error"]
    args, kwargs = _values(problem)
    exception: ApplicationError = _KINDS.get(error, ApplicationError)(error, *args)
    exception.kwargs = kwargs
    return exception


def _values(answer: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Args and kwargs of an answer; binary values are bytes again."""
    parts = [JSON.pack(answer.get("args", [])), JSON.pack(answer.get("kwargs", {}))]
    return Payload(JSON, parts).values()


def _foreign(response: HttpResponse) -> HttpError:
    text = response.body[:1000].decode("utf-8", "replace")
    return HttpError(_status(response), text)


def _status(response: HttpResponse) -> str:
    return f"{response.status} {response.reason}"


def _seconds(timeout: float) -> float:
    if not 0 < timeout < math.inf:
        raise ValueError(f"timeout: expected seconds, above 0, got {timeout!r}")
    return float(timeout)
