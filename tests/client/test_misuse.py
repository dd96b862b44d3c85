"""Wrong arguments of a session: refused before anything is sent, and it goes on."""

from __future__ import annotations

import asyncio

import pytest

from wsocket.client import CallCanceled, connect, connect_async

CALLED = "com.example.called"
NAN = float("nan")
INF = float("inf")


@pytest.fixture
def called():
    """What `CALLED` was called with."""
    return []


@pytest.fixture
def session(connecting, place, called):
    """A session, of threads or of asyncio, which has a procedure."""
    with connecting(place.ws) as session:
        registration = session.register(CALLED, called.append)
        yield session
        registration.unregister()


@pytest.mark.parametrize(
    ("timeout", "kind", "problem"),
    [
        ("2", TypeError, "a number such as 1.5, got '2'"),
        (True, TypeError, "a number such as 1.5, got True"),
        (-1, ValueError, "at least 0.001, got -1"),
        (0, ValueError, "at least 0.001, got 0"),
        (NAN, ValueError, "at least 0.001, got nan"),
        (INF, ValueError, r"at most 1000000 \(11 days\), got inf"),
        (1e10, ValueError, r"at most 1000000 \(11 days\), got 10000000000.0"),
        (1e300, ValueError, r"at most 1000000 \(11 days\), got 1e\+300"),
        (10**400, ValueError, r"at most 1000000 \(11 days\), got 1000"),
    ],
    ids=lambda value: str(value)[:8],
)
def test_call_with_a_wrong_timeout_is_not_made(session, called, timeout, kind, problem):
    """Nobody would wait for its answer."""
    with pytest.raises(kind, match=f"timeout: expected seconds, {problem}"):
        session.call(CALLED, "wrong", timeout=timeout)
    session.call(CALLED, "right", timeout=1_000_000)
    assert called == ["right"]


@pytest.mark.parametrize("timeout", ["2", True, -1, NAN, INF, 1e10])
def test_wrong_timeout_of_a_result_does_not_end_the_call(session, timeout):
    """It can be asked for again."""
    pending = session.start_call("com.example.add", 2, 3)
    with pytest.raises((TypeError, ValueError), match="timeout: expected seconds"):
        pending.result(timeout)
    assert pending.result(1_000_000) == 5


@pytest.mark.parametrize("timeout", ["2", True, -1, NAN, INF, 1e10])
def test_wrong_timeout_of_a_wait_is_refused(place, timeout):
    """A session of asyncio has none."""
    with (
        connect(place.ws) as session,
        pytest.raises((TypeError, ValueError), match="timeout: expected seconds"),
    ):
        session.wait(timeout)


@pytest.mark.parametrize("mode", ["foo", "", None, 5])
def test_unknown_cancel_mode_does_not_end_the_session(session, mode):
    """The router would abort a session that sends it."""
    pending = session.start_call("com.example.nobody")
    problem = "mode: expected one of skip, kill, killnowait, got"
    with pytest.raises((TypeError, ValueError), match=problem):
        pending.cancel(mode)
    assert session.call("com.example.add", 2, 3) == 5


@pytest.mark.parametrize("mode", ["skip", "kill", "killnowait"])
def test_call_can_be_canceled_in_every_mode(session, connecting, place, mode):
    """Those that the specification has."""
    with connecting(place.ws) as other:

        def endless():
            while True:
                yield 1

        other.register(f"com.example.endless.{mode}", endless)
        pending = session.start_call(f"com.example.endless.{mode}")
        assert next(iter(pending)) == 1
        pending.cancel(mode)
        with pytest.raises(CallCanceled):
            pending.result()


@pytest.mark.parametrize("handler", [5, "handler", object()])
def test_handler_that_is_no_function_is_refused(session, handler):
    """Its callers would get the error."""
    with pytest.raises(TypeError, match="handler: expected a function, got"):
        session.subscribe("com.example.topic", handler)
    with pytest.raises(TypeError, match="function: expected a function, got"):
        session.register("com.example.free", handler)
    session.register("com.example.free", len).unregister()


@pytest.mark.parametrize("acknowledge", ["yes", 1, None])
def test_acknowledge_is_a_bool(session, acknowledge):
    """As all switches are."""
    with pytest.raises(TypeError, match="acknowledge: expected a bool, got"):
        session.publish("com.example.topic", acknowledge=acknowledge)


@pytest.mark.parametrize("options", [{}, [], 0, {"disclose_me": True}])
def test_options_are_of_their_class(session, options):
    """Also what is empty."""
    for ask in (session.call, session.start_call):
        with pytest.raises(TypeError, match="options: expected CallOptions"):
            ask("com.example.add", 2, 3, options=options)


@pytest.mark.parametrize("on_state", [lambda: None, lambda one, two: None, 5])
def test_on_state_takes_the_change(connecting, place, on_state):
    """Not each change is to fail."""
    with pytest.raises(TypeError, match="on_state: expected a callable"):
        connecting(place.ws, on_state=on_state).__enter__()


def test_on_state_may_be_async_with_asyncio_only(place):
    """Nobody would await it in a thread."""

    async def on_state(change):
        changes.append(change.state)

    async def main():
        async with connect_async(place.ws, on_state=on_state):
            pass

    changes = []
    with pytest.raises(TypeError, match=r"on_state: .*write it with 'def'"):
        connect(place.ws, on_state=on_state)
    asyncio.run(main())
    assert changes == ["connecting", "joined", "closed"]


def test_decorator_of_an_async_session_says_what_to_write(place):
    """A decorator cannot wait for the router's answer."""

    async def main():
        async with connect_async(place.ws) as session:
            with pytest.raises(TypeError, match=r"await session.register\('com.x', fu"):
                session.register("com.x")
            with pytest.raises(TypeError, match=r"await session.subscribe\('com.x', h"):
                session.subscribe("com.x")

    asyncio.run(main())


def test_each_kind_of_session_names_the_other_kind_of_block(place):
    """The one that is meant."""

    async def threads():
        async with session:
            pass

    session = connect(place.ws)
    with pytest.raises(TypeError, match=r"'async with connect_async\(...\)'"):
        asyncio.run(threads())
    assert session.state == "closed"
    with (
        pytest.raises(TypeError, match=r"'with connect\(...\)' in threads"),
        connect_async(place.ws),
    ):
        pass

    async def awaited():
        await connect_async(place.ws)

    with pytest.raises(TypeError, match=r"'async with connect_async\(...\)"):
        asyncio.run(awaited())
