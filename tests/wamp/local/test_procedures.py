"""Procedures of the application: what they are given, and what becomes of their end."""

from __future__ import annotations

import threading

import pytest

from tests.patience import SECONDS
from tests.wamp.raw_client import CALL, ERROR, RESULT, YIELD, ask
from wsocket.errors import ApplicationError
from wsocket.wamp.local.calling import CallDetails, CallResult


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        (None, []),
        (0, [[0]]),
        ([], [[[]]]),
        ([1, 2], [[[1, 2]]]),
        ((1, 2), [[[1, 2]]]),
        ({"a": 1}, [[{"a": 1}]]),
        (False, [[False]]),
        ("", [[""]]),
        (CallResult(), []),
        (CallResult([1]), [[1]]),
        (CallResult([1, 2]), [[1, 2]]),
        (CallResult([None]), [[None]]),
        (CallResult(kwargs={"k": 1}), [[], {"k": 1}]),
        (CallResult([1], {"k": [2]}), [[1], {"k": [2]}]),
    ],
    ids=repr,
)
def test_result_of_a_procedure(app, join, uri, serializer, value, payload):
    """What is returned is one value; `CallResult` has several; None is no payload."""
    app.register(uri)(lambda: value)
    client = join(serializer)
    assert ask(client, uri)[2:] == [{}, *payload]
    expected = value
    if isinstance(value, tuple) and not isinstance(value, CallResult):
        expected = list(value)
    if isinstance(value, CallResult):
        simple = not value.kwargs and len(value.args) < 2
        expected = CallResult(list(value.args), dict(value.kwargs))
        if simple:
            expected = value.args[0] if value.args else None
    assert app.call(uri, timeout=SECONDS) == expected


def test_payload_becomes_arguments(app, join, uri, serializer):
    """Arguments in order, ArgumentsKw by name; defaults apply."""
    app.register(uri)(lambda a, b="b", *rest, c="c", **more: [a, b, rest, c, more])
    client = join(serializer)
    assert ask(client, uri, [1])[3] == [[1, "b", [], "c", {}]]
    answer = ask(client, uri, [1, 2, 3, 4], {"c": 5, "d": {"e": None}})
    assert answer[3] == [[1, 2, [3, 4], 5, {"d": {"e": None}}]]


def test_binary_reaches_a_procedure_as_bytes(app, join, uri, serializer):
    """From JSON too; what it returns goes back in the same form."""
    seen = []

    @app.register(uri)
    def echo(value):
        seen.append(value)
        return value

    sent = "\0AAH/" if serializer == "json" else b"\x00\x01\xff"
    assert ask(join(serializer), uri, [sent])[3] == [sent]
    assert seen == [b"\x00\x01\xff"]


def test_details_of_a_call(app, join, uri):
    """A parameter named details gets them, and not what a peer sends as such."""
    seen: list[CallDetails] = []

    @app.register(uri, match="prefix")
    def procedure(*args, details, **kwargs):
        seen.append(details)
        return [list(args), kwargs]

    client = join()
    procedure_uri = uri + ".x"
    assert ask(client, procedure_uri, [1], {"details": "forged", "k": 2})[3] == [
        [[1], {"k": 2}]
    ]
    client.call(procedure_uri, disclose_me=True)
    client.receive()
    assert seen[0] == CallDetails(procedure_uri)
    assert seen[1] == CallDetails(
        procedure_uri, client.session, client.welcome["authid"], "anonymous"
    )


def test_keyword_named_details_reaches_a_procedure_without_details(app, join, uri):
    """The name is only special where the function says so."""
    app.register(uri)(lambda **kwargs: kwargs)
    assert ask(join(), uri, [], {"details": 1, "timeout": 2})[3] == [
        {"details": 1, "timeout": 2}
    ]


def test_application_error_of_a_procedure(app, join, uri, serializer):
    """URI, args and kwargs arrive, at a client and at `app.call`."""

    @app.register(uri)
    def refuse():
        raise ApplicationError("com.example.error.no", 1, "two", three=[3])

    request, client = 1, join(serializer)
    assert ask(client, uri) == [
        ERROR, CALL, request, {}, "com.example.error.no", [1, "two"], {"three": [3]}
    ]  # fmt: skip
    with pytest.raises(ApplicationError) as caught:
        app.call(uri, timeout=SECONDS)
    assert caught.value.error == "com.example.error.no"
    assert caught.value.args == (1, "two")
    assert caught.value.kwargs == {"three": [3]}
    assert str(caught.value) == "com.example.error.no: 1, two, three=[3]"


def test_unforeseen_error_of_a_procedure(app, join, uri, caplog):
    """wamp.error.runtime_error with the message; the traceback is in the log."""

    @app.register(uri)
    def fail():
        raise KeyError("missing")

    answer = ask(join(), uri)
    assert answer[4:] == ["wamp.error.runtime_error", ["'missing'"]]
    assert "KeyError" in caplog.text
    assert uri in caplog.text


@pytest.mark.parametrize("payload", [[], [[1]], [[1, 2, 3]], [[1, 2], {"c": 3}]])
def test_wrong_arguments_are_the_callers_fault(app, join, uri, payload):
    """wamp.error.invalid_argument, with Python's own words."""

    @app.register(uri)
    def add(a, b):
        return a + b

    answer = ask(join(), uri, *payload)
    assert answer[4] == "wamp.error.invalid_argument"
    assert "add" in answer[5][0]


def test_type_error_inside_a_procedure_is_the_procedures_fault(app, join, uri):
    """The arguments fitted: what went wrong came later."""
    app.register(uri)(lambda a, b: a + b)
    assert ask(join(), uri, [1, "x"])[4] == "wamp.error.runtime_error"


@pytest.mark.parametrize(
    "value",
    [object(), [{"deep": print}], "\ud800"],
    ids=lambda each: type(each).__name__,
)
def test_result_without_a_form_is_an_error(app, join, uri, value):
    """ERROR, and the application's session lives."""
    app.register(uri)(lambda fails: value if fails else "fine")
    client = join()
    answer = ask(client, uri, [True])
    assert answer[4] == "wamp.error.runtime_error"
    assert "serializable" in answer[5][0]
    assert ask(client, uri, [False])[3] == ["fine"]


def test_error_payload_without_a_form_is_sent_as_text(app, join, uri):
    """The error still arrives."""

    @app.register(uri)
    def refuse():
        raise ApplicationError("com.example.error.no", ValueError("odd"))

    assert ask(join(), uri)[4:] == ["com.example.error.no", ["odd"]]


@pytest.mark.parametrize(
    "error", ["", "not a uri", "com..x", "com.example.\ud800", 5, None], ids=ascii
)
def test_application_error_with_an_invalid_uri_still_ends_the_call(
    app, join, uri, error
):
    """Every call has an answer; one that cannot be sent becomes another."""

    @app.register(uri)
    def refuse(fails):
        if fails:
            raise ApplicationError(error)
        return "fine"

    client = join()
    client.call(uri, [True])
    client.ws.settimeout(SECONDS)
    assert client.receive()[0] == ERROR
    assert ask(client, uri, [False])[3] == ["fine"]


def test_procedure_that_exits_still_ends_the_call(app, join, uri):
    """``sys.exit()`` in a procedure ends neither the process nor a worker for good."""

    @app.register(uri)
    def leave(fails):
        if fails:
            raise SystemExit("leaving")
        return "fine"

    client = join()
    client.call(uri, [True])
    client.ws.settimeout(SECONDS)
    assert client.receive()[4] == "wamp.error.runtime_error"
    assert ask(client, uri, [False])[3] == ["fine"]


def test_procedures_run_side_by_side(app, join, uri):
    """One that waits holds up no other."""
    both = threading.Barrier(2, timeout=SECONDS)
    app.register(uri)(lambda: both.wait() >= 0)
    one, other = join(), join()
    one.call(uri)
    other.call(uri)
    assert one.receive()[3] == other.receive()[3] == [True]


def test_procedure_calls_a_procedure(app, join, uri):
    """Deeply, and through a client in between."""

    @app.register(uri)
    def countdown(number):
        if number == 0:
            return app.call(uri + ".client", "bottom", timeout=SECONDS)
        return app.call(uri, number - 1, timeout=SECONDS)

    callee, caller = join("cbor"), join("json")
    callee.register(uri + ".client")
    request = caller.call(uri, [20])
    invocation = callee.invoked()
    assert invocation[3] == ["bottom"]
    callee.send(YIELD, invocation[0], {}, ["up"])
    assert caller.receive() == [RESULT, request, {}, ["up"]]


def test_decorated_function_stays_itself(app, uri):
    """register and subscribe return what they are given."""

    def add(a, b):
        return a + b

    assert app.register(uri)(add) is add
    assert app.subscribe(uri)(add) is add
    assert add(1, 2) == 3
