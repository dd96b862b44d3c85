"""Whatever a procedure raises or returns, its caller gets exactly one answer."""

from __future__ import annotations

import asyncio
import functools
import math
import threading
from dataclasses import dataclass
from datetime import datetime, timezone

import gevent
import pytest

from tests.patience import SECONDS
from tests.wamp.raw_client import CALL, ERROR, FORMATS, RESULT
from wsocket import WSocketApp
from wsocket.errors import ApplicationError
from wsocket.wamp.local.calling import CallResult

RUNTIME_ERROR = "wamp.error.runtime_error"


@pytest.fixture(params=[False, True], ids=["worker", "loop"])
def on_loop(request) -> bool:
    return request.param


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class NoText(Exception):
    def __str__(self):
        return 42


class Exits(Exception):
    def __str__(self):
        raise SystemExit(3)


class Forgetful(ApplicationError):
    """A subclass that does not call that of its base."""

    def __init__(self):
        pass


class BadArguments(ApplicationError):
    args = property(lambda self: 1 / 0, lambda self, value: None)


class NamedBadly(ApplicationError):
    def __init__(self):
        super().__init__("com.example.error")
        self.error = ["no", "URI"]


def keyed(kwargs):
    error = ApplicationError("com.example.error")
    error.kwargs = kwargs
    return error


def renamed(uri):
    error = ApplicationError("com.example.error")
    error.error = uri
    return error


RAISED = [
    Mute(),
    NoText(),
    Exits(),
    Forgetful(),
    BadArguments("com.example.error"),
    NamedBadly(),
    renamed("not a URI"),
    ValueError("\ud800"),
    ValueError("x" * 10_000_000),
    KeyboardInterrupt(),
    SystemExit(1),
    GeneratorExit(),
    StopIteration("value"),
    StopAsyncIteration(),
    gevent.GreenletExit(),
    gevent.Timeout(1),
    asyncio.CancelledError(),
    MemoryError(),
    RecursionError(),
    BaseException("base"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
]


@pytest.mark.parametrize("raised", RAISED, ids=lambda error: type(error).__name__)
def test_whatever_is_raised_is_a_runtime_error(app, peer, uri, on_loop, raised):
    """And the next call is answered as ever."""

    @app.register(uri, on_loop=on_loop)
    def procedure(fail):
        if fail:
            raise raised
        return "well"

    caller = peer()
    for _ in range(3):
        assert caller.failed(caller.call(uri, [True])) == RUNTIME_ERROR
        assert caller.succeeded(caller.call(uri, [False])) == [["well"]]
    assert caller.settled() == []


@pytest.mark.parametrize(
    ("error", "payload"),
    [
        (ApplicationError("com.example.error", Mute()), [["a Mute without a text"]]),
        (ApplicationError("com.example.error", "\ud800"), [["\\ud800"]]),
        (ApplicationError("com.example.error", math.nan), [["nan"]]),
        (keyed({1: 2}), []),
        (keyed({"a": object()}), []),
        (keyed(["no", "dict"]), []),
    ],
    ids=["mute", "surrogate", "nan", "key", "value", "list"],
)
def test_an_application_error_keeps_its_uri(app, peer, uri, error, payload):
    """Of its payload there is as much as can be sent."""

    @app.register(uri)
    def procedure():
        raise error

    caller = peer()
    request = caller.call(uri)
    answer = [ERROR, CALL, request, {}, "com.example.error", *payload]
    assert caller.receive() == answer


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def loop():
    value = []
    value.append(value)
    return value


class Hostile:
    def __getattr__(self, name):
        raise KeyboardInterrupt


@dataclass
class Point:
    x: int
    data: bytes


async def coroutine_function():
    return 1


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"x": [0, 1, 2, object()]}, "args[0]['x'][3]"),
        ([1, "\ud800"], "args[0][1]"),
        ({"\ud800": 1}, "args[0]"),
        (CallResult([1], {"key": [object()]}), "kwargs['key'][0]"),
        (CallResult([], {1: 2}), "ArgumentsKw"),
        (CallResult([1, lambda: 1]), "args[1]"),
        (Hostile(), ""),
        (loop(), "args[0][0]"),
        (nested(100_000), "args[0][0]"),
    ],
    ids=range(9),
)
def test_a_result_without_a_form(app, peer, uri, on_loop, caplog, value, place):
    """The ERROR names the place and the caller's serializer; the log has more."""
    app.register(uri, on_loop=on_loop)(lambda: value)
    caller = peer()
    request = caller.call(uri)
    answer = caller.receive()
    assert answer[:5] == [ERROR, CALL, request, {}, RUNTIME_ERROR]
    assert place in answer[5][0]
    if place.startswith(("args", "kwargs")):
        assert answer[5][0].startswith(place)
        assert ": not serializable as json: " in answer[5][0]
        assert "Traceback" in caplog.text
    assert caller.settled() == []


@pytest.mark.parametrize(
    ("value", "lacking"),
    [(2**70, {"msgpack"}), (-(2**70), {"msgpack"}), (math.inf, {"json"})],
)
def test_values_that_not_every_serializer_has(
    app, peer, uri, serializer, value, lacking
):
    """Come as they are where they can, and are an error of the others."""

    @app.register(uri)
    def procedure():
        return {"value": [value]}

    caller = peer(serializer=serializer)
    request = caller.call(uri)
    if serializer in lacking:
        answer = caller.receive()
        assert answer[4] == RUNTIME_ERROR
        place = "args[0]['value'][0]"
        assert f"{place}: not serializable as {serializer}: " in answer[5][0]
    else:
        assert caller.succeeded(request) == [[{"value": [value]}]]


def test_not_a_number(app, peer, uri, serializer):
    """The same."""
    app.register(uri)(lambda: math.nan)
    caller = peer(serializer=serializer)
    request = caller.call(uri)
    if serializer == "json":
        assert caller.failed(request) == RUNTIME_ERROR
    else:
        assert math.isnan(caller.succeeded(request)[0][0])


def test_all_serializers_take_the_same_types(app, peer, uri, serializer):
    """Sets and dataclasses too, and the bytes in them."""
    app.register(uri)(lambda: [{1}, Point(1, b"\x00"), (2, 3)])
    data = "\0AA==" if serializer == "json" else b"\x00"
    caller = peer(serializer=serializer)
    result = caller.succeeded(caller.call(uri))
    assert result == [[[[1], {"x": 1, "data": data}, [2, 3]]]]


def test_a_result_that_is_too_large_for_its_caller(app, join, uri):
    """Is `payload_size_exceeded`; here a list that is gathered."""

    @app.register(uri)
    def endless():
        while True:
            yield "x" * 100_000

    caller = join()
    answer = caller.request(CALL, {}, uri)
    assert answer[4] == "wamp.error.payload_size_exceeded"


@pytest.mark.parametrize("serializer", ["json", "msgpack", "json.batched"])
@pytest.mark.parametrize("fails", [False, True], ids=["result", "error"])
@pytest.mark.parametrize("size", [17_000_000, 50_000_000])
def test_an_answer_that_may_not_wait_for_its_caller(
    app, join, uri, serializer, fails, size
):
    """The session lives, and the caller is told which limit it is."""

    @app.register(uri)
    def huge():
        if fails:
            raise ApplicationError("com.example.error", "x" * size)
        return "x" * size

    app.register(f"{uri}.small")(lambda: 1)
    caller = join(serializer=serializer)
    answer = caller.request(CALL, {}, uri)
    assert answer[4] == "wamp.error.payload_size_exceeded"
    assert "Limits.outbox_bytes" in answer[5][0]
    assert caller.request(CALL, {}, f"{uri}.small")[3] == [1]


@pytest.mark.parametrize("where", ["at first", "later", "at the end", "when closed"])
@pytest.mark.parametrize(
    "raised",
    [Mute(), KeyboardInterrupt(), gevent.GreenletExit(), StopIteration(), object()],
    ids=lambda raised: type(raised).__name__,
)
def test_whatever_a_generator_does(app, peer, uri, where, raised):
    """It ends in one answer, after what it has yielded before."""

    def fail():
        if isinstance(raised, BaseException):
            raise raised
        return raised

    @app.register(uri)
    def procedure():
        try:
            if where == "at first":
                yield fail()
            yield 1
            if where == "later":
                yield fail()
            yield 2 if where != "when closed" else object()
        finally:
            if where in ("at the end", "when closed"):
                fail()
        return fail() if where == "at the end" else None

    caller = peer()
    caller.call(uri, receive_progress=True)
    while (message := caller.receive())[:1] == [RESULT]:
        assert message[2] == {"progress": True}
    assert message[4] == RUNTIME_ERROR
    assert caller.settled() == []


class AsyncCallable:
    async def __call__(self):
        pass


async def async_generator():
    yield 1


@pytest.mark.parametrize(
    "function",
    [
        coroutine_function,
        async_generator,
        AsyncCallable(),
        functools.partial(coroutine_function),
    ],
    ids=range(4),
)
def test_async_functions_are_refused(uri, function):
    """When they are declared, whatever they look like."""
    app = WSocketApp(protocol="WAMP")
    for declare in (app.register(uri), app.register(uri, on_loop=True)):
        with pytest.raises(TypeError, match="async"):
            declare(function)
    with pytest.raises(TypeError, match="async"):
        app.subscribe(uri)(function)


def test_generators_cannot_run_on_the_loop(uri):
    """They are refused when they are declared."""

    def generator():
        yield 1

    app = WSocketApp(protocol="WAMP")
    with pytest.raises(TypeError, match="is a generator"):
        app.register(uri, on_loop=True)(generator)


def test_an_awaitable_result_is_an_error(app, peer, uri):
    """A plain function may return one by mistake."""

    @app.register(uri)
    def procedure():
        coroutine = coroutine_function()
        coroutine.close()
        return coroutine

    caller = peer()
    assert caller.failed(caller.call(uri)) == RUNTIME_ERROR


def test_a_subscriber_may_raise_anything(app, peer, uri):
    """The next event comes as ever."""
    seen, done = [], threading.Event()

    @app.subscribe(uri)
    def subscriber(number):
        seen.append(number)
        if number == 5:
            done.set()
        raise [Mute(), KeyboardInterrupt(), SystemExit(), gevent.Timeout()][number % 4]

    publisher = peer()
    for number in range(6):
        publisher.publish(uri, [number])
    assert done.wait(SECONDS)
    assert seen == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("serializer", FORMATS)
def test_keys_of_a_result_are_text(app, peer, uri, serializer):
    """As in JSON, whatever the serializer; a date is what it was."""
    moment = datetime(2026, 1, 2, tzinfo=timezone.utc)

    @app.register(uri)
    def procedure(with_date=False):
        return {1: {2: b"x"}, **({"date": moment} if with_date else {})}

    caller = peer(serializer=serializer)
    data = "\0eA==" if serializer == "json" else b"x"
    assert caller.succeeded(caller.call(uri)) == [[{"1": {"2": data}}]]
    [[dated]] = caller.succeeded(caller.call(uri, [True]))
    assert dated.pop("date")
    assert dated == {"1": {"2": data}}
