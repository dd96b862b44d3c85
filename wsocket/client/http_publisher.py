"""Publishing and calling by HTTP, for programs that need no session.

docs/bridge.md describes the other end.
"""

from __future__ import annotations

import re
import secrets
import ssl
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import msgspec

from wsocket.client.bridge_url import parse_bridge_url
from wsocket.client.http_answers import read_publication, read_result
from wsocket.client.http_pool import HttpPool, HttpResponse
from wsocket.core.checks import (
    check_instance,
    check_mapping,
    check_seconds,
    refuse_type,
)
from wsocket.wamp.bridge.signature import KEY_ID, authorization
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.json import JSON

_SEEN = r"!-~\xa1-\xff"  # what http.client can send, and no space
_TOKEN = re.compile(rf"[{_SEEN}]([ {_SEEN}]*[{_SEEN}])?")
_GRACE = 5.0  # seconds for the way of an answer that says that there is none


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
        self._url = parse_bridge_url(url)
        if (key_id is None) is not (secret is None):
            raise ValueError("key_id and secret: give both, or none")
        if key_id is not None and token is not None:
            raise ValueError("give a key or a token, not both")
        self._key_id = None if key_id is None else _checked_key_id(key_id)
        self._secret = None if secret is None else _checked_secret(secret)
        self._token = None if token is None else _checked_token(token)
        self._timeout = _seconds(timeout)
        if ssl_context is not None:
            check_instance("ssl_context", ssl_context, ssl.SSLContext)
        self._pool = HttpPool(self._url, ssl_context=ssl_context)

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
            HttpError: The answer is no WAMP error, but that of a proxy perhaps. Its
                `status` is the status line.
            OSError: It may help to try again. There is no connection (`ConnectFailed`),
                or no answer (`ConnectionLost`, `TimeoutError`), so that the event may
                have been published. Or nobody can serve the request now
                (`RouterUnavailable`, `HttpUnavailable`).
            TypeError, ValueError: An argument is not what it must be, or a value is not
                serializable.
        """
        request = _request("topic", topic, options)
        response = self._ask("/publish", request, args, kwargs, timeout=self._timeout)
        return read_publication(response)

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
            HttpError, OSError, TypeError, ValueError: See `publish`.
        """
        seconds = self._timeout if timeout is None else _seconds(timeout)
        request = _request("procedure", procedure, options) | {"timeout": seconds}
        response = self._ask("/call", request, args, kwargs, timeout=seconds)
        result = read_result(response)
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
    ) -> HttpResponse:
        parts = Payload.of(JSON, args, kwargs).parts
        payload = dict(zip(("args", "kwargs"), parts, strict=False))
        body = msgspec.json.encode(request | payload)
        proof = self._proof(f"{self._url.path}{name}", body)
        headers = {"Content-Type": "application/json", **proof}
        return self._pool.post(name, body, headers, timeout=timeout + _GRACE)

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


def _request(kind: str, uri: str, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """The body of a request, without its payload."""
    if not isinstance(uri, str):
        refuse_type(kind, "a URI (a string)", uri)
    if options is not None:
        check_mapping("options", options)
    return {kind: uri, "options": dict(options or {})}


def _checked_key_id(key_id: object) -> str:
    if not isinstance(key_id, str):
        refuse_type("key_id", "a string", key_id)
    if not re.fullmatch(KEY_ID, key_id):
        expected = "letters, digits and ._~@:+/=-"
        raise ValueError(f"key_id: expected {expected}, got {key_id!r:.100}")
    return key_id


def _checked_secret(secret: object) -> bytes:
    if not isinstance(secret, (str, bytes)):
        refuse_type("secret", "a string or bytes", secret)
    if not secret:
        raise ValueError("secret: expected that of the key, got nothing")
    return secret.encode() if isinstance(secret, str) else secret


def _checked_token(token: object) -> str:
    """A token that can stand in a header; no message shows it."""
    if not isinstance(token, str):
        refuse_type("token", "a string", token)
    if not _TOKEN.fullmatch(token):
        raise ValueError(
            "token: expected text in Latin-1, without control characters and without "
            "spaces around it; was it read from a file with the end of its line?"
        )
    return token


def _seconds(timeout: float) -> float:
    check_seconds("timeout", timeout, least=0.001)
    return float(timeout)
