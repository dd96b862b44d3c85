"""The JSON bodies of requests, as messages of a client.

A field that may be left out may be null instead: typed clients send all of them.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from wsocket.errors import HttpError, PayloadError
from wsocket.wamp.protocol.client_messages import (
    ABSENT,
    Call,
    CallOptions,
    Publish,
    PublishOptions,
)
from wsocket.wamp.serializers.base import DECODE_ERRORS, not_utf8, total_size
from wsocket.wamp.serializers.json import JSON, without_lone_surrogates
from wsocket.wamp.serializers.lenient import MAX_HEAD, corrected, kind_of

_T = TypeVar("_T", bound=Struct)


class PublishBody(Struct, forbid_unknown_fields=True):
    """The body of ``/publish``."""

    topic: str
    args: Raw = ABSENT
    kwargs: Raw = ABSENT
    options: PublishOptions = msgspec.field(default_factory=PublishOptions)


class CallBody(Struct, forbid_unknown_fields=True):
    """The body of ``/call``; `timeout` is in seconds."""

    procedure: str
    args: Raw = ABSENT
    kwargs: Raw = ABSENT
    options: CallOptions = msgspec.field(default_factory=CallOptions)
    timeout: Annotated[float, Meta(gt=0)] | None = None


class Wanted(NamedTuple):
    """What a request asks for.

    Attributes:
        message: The first message of its session.
        timeout: Seconds to wait for the answer.
    """

    message: Publish | Call
    timeout: float


_PUBLISH = msgspec.json.Decoder(PublishBody)
_CALL = msgspec.json.Decoder(CallBody)
_ITEMS = msgspec.json.Decoder(dict[str, Raw])

_PUBLISH_EXAMPLE = '{"topic": "com.example.news", "args": ["hello"]}'
_CALL_EXAMPLE = '{"procedure": "com.example.add", "args": [2, 3]}'

_NULL = Raw(b"null")
_FIRST = 1  # the number of a session's first request


def read_publish(body: bytes, max_timeout: float) -> Wanted:
    """The PUBLISH in the body of a request.

    Args:
        max_timeout: Seconds to wait for its answer.

    Raises:
        HttpError: It is not what is expected.
    """
    read = _read(body, _PUBLISH, _PUBLISH_EXAMPLE)
    options = msgspec.structs.replace(read.options, acknowledge=True)
    args, kwargs = _payload(read.args, read.kwargs)
    return Wanted(Publish(_FIRST, options, read.topic, args, kwargs), max_timeout)


def read_call(body: bytes, max_timeout: float) -> Wanted:
    """The CALL in the body of a request.

    Args:
        max_timeout: Seconds to wait for its answer at most.

    Raises:
        HttpError: It is not what is expected.
    """
    read = _read(body, _CALL, _CALL_EXAMPLE)
    for name in ("receive_progress", "progress"):
        if getattr(read.options, name):
            raise _bad(f"options.{name}: one request has one answer here, so no parts")
    args, kwargs = _payload(read.args, read.kwargs)
    message = Call(_FIRST, read.options, read.procedure, args, kwargs)
    return Wanted(message, min(read.timeout or max_timeout, max_timeout))


def _read(body: bytes, decoder: msgspec.json.Decoder[_T], example: str) -> _T:
    try:
        text = body.decode()
        try:
            return decoder.decode(text)
        except msgspec.DecodeError as error:
            return _reread(text.encode(), decoder.type, error)
    except UnicodeDecodeError as error:
        raise _bad(f"The body: {not_utf8(error)}.") from None
    except DECODE_ERRORS as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else error
        raise _bad(f"Expected a body such as {example}: {problem}.") from None


def _reread(body: bytes, kind: type[_T], error: msgspec.DecodeError) -> _T:
    """The body, with what is forgiven in a message, too: see `lenient`.

    Args:
        error: What was wrong at the first attempt.

    Raises:
        msgspec.DecodeError: It is wrong, however it is read.
    """
    raws = _ITEMS.decode(without_lone_surrogates(body))
    payload = {name: raws.pop(name) for name in ("args", "kwargs") if name in raws}
    if total_size(list(raws.values())) > MAX_HEAD:
        raise error
    given = {name: msgspec.json.decode(raw) for name, raw in raws.items()}
    read = msgspec.convert(corrected(given, kind_of(kind)), kind)
    for name, raw in payload.items():
        setattr(read, name, raw)
    return read


def _payload(args: Raw, kwargs: Raw) -> tuple[Any, Any]:
    """Both, if they are a list and a dict; null means absent, as in options."""
    args, kwargs = (ABSENT if each == _NULL else each for each in (args, kwargs))
    if kwargs is not ABSENT and args is ABSENT:
        args = Raw(b"[]")
    try:
        JSON.payload(args, kwargs)
    except PayloadError as error:
        name = str(error).replace("ArgumentsKw", "kwargs").replace("Arguments", "args")
        raise _bad(f"{name}.") from None
    return args, kwargs


def _bad(problem: str) -> HttpError:
    return HttpError("400 Bad Request", problem)
