"""autobahn-python against both servers, with each serializer."""

from __future__ import annotations

import asyncio
import itertools
from urllib.request import urlopen

import pytest
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallResult, PublishOptions

from tests.interop.sessions import (
    BATCHED,
    SERIALIZERS,
    failure,
    join,
    join_as_application_runner,
    within,
)
from tests.patience import SECONDS

ACKNOWLEDGE = PublishOptions(acknowledge=True)
INCLUDE_ME = PublishOptions(acknowledge=True, exclude_me=False)
BINARY = bytes(range(256))
PAYLOADS = [
    None,
    True,
    0,
    -1,
    2**53,
    1.5,
    "",
    "žluťoučký kůň 🐎",
    [],
    {},
    {"list": [1, [2.5, None]], "ключ": {"deep": ["x"]}},
    b"",
    BINARY,
    [b"\x00", {"bytes": b"\xff"}],
]

every_serializer = pytest.mark.parametrize("serializer", list(SERIALIZERS))
every_pair = pytest.mark.parametrize(
    ("sender", "receiver"), list(itertools.product(SERIALIZERS, repeat=2))
)


def fetch(url: str) -> str:
    with urlopen(url, timeout=SECONDS) as response:
        return response.read().decode()


# --- Sessions -----------------------------------------------------------------


@every_serializer
def test_session_joins_and_leaves(server, serializer):
    """WELCOME names the realm, GOODBYE is answered, the websocket closes cleanly."""

    async def scenario():
        async with join(server.ws(), serializer) as session:
            details = await session.joined
            assert details.realm == "realm1"
            assert details.session > 0
            assert details.serializer == serializer
        return (await session.left).reason

    assert asyncio.run(scenario()) == "wamp.close.goodbye_and_out"


@every_serializer
def test_unknown_realm_is_refused(server, serializer):
    """HELLO for a realm that does not exist gets ABORT with the error that says so."""

    async def scenario():
        async with join(server.ws(), serializer, realm="com.example.nowhere"):
            pass

    with pytest.raises(ApplicationError) as caught:
        asyncio.run(scenario())
    assert caught.value.error == "wamp.error.no_such_realm"


def test_session_with_the_default_offers_works(server):
    """ApplicationRunner offers every serializer and permessage-deflate."""
    payload = "compressible " * 1000

    async def scenario():
        async with join_as_application_runner(server.ws()) as session:
            # It offers batches first, but one message at a time is preferred here.
            assert (await session.joined).serializer in SERIALIZERS
            echo = session.call("com.example.python.echo", payload)
            return await within(echo)

    assert asyncio.run(scenario()) == payload


def test_sessions_join_on_any_path(server):
    """A wamp.2 offer belongs to the router even where a route is registered."""

    async def scenario():
        async with join(server.ws("/echo")), join(server.ws("/some/where")):
            pass

    asyncio.run(scenario())


# --- Calls --------------------------------------------------------------------


@every_serializer
def test_python_procedure_gets_args_and_kwargs(server, serializer):
    """A procedure of the application runs with what the caller gave."""

    async def scenario():
        async with join(server.ws(), serializer) as session:
            assert await within(session.call("com.example.python.add", 2, 3)) == 5
            result = await within(
                session.call("com.example.python.describe", 1, "two", three=[3])
            )
            assert result == {"args": [1, "two"], "kwargs": {"three": [3]}}
            nothing = await within(session.call("com.example.python.describe"))
            assert nothing == {"args": [], "kwargs": {}}

    asyncio.run(scenario())


@every_pair
def test_client_procedure_gets_args_and_kwargs(server, sender, receiver, uri):
    """A callee serves callers of any serializer, and both payloads arrive whole."""

    async def scenario():
        async with (
            join(server.ws(), sender) as caller,
            join(server.ws(), receiver) as callee,
        ):
            await callee.register(
                lambda *args, **kw: CallResult(*args[::-1], **kw), uri
            )
            result = await within(caller.call(uri, 1, "two", key=None))
            assert (result.results, result.kwresults) == (("two", 1), {"key": None})

    asyncio.run(scenario())


@every_pair
def test_payloads_cross_serializers_in_calls(server, sender, receiver, uri):
    """What a callee returns unchanged comes back unchanged, binary included."""
    seen = []

    def echo(payload):
        seen.append(payload)
        return payload

    async def scenario():
        async with (
            join(server.ws(), sender) as caller,
            join(server.ws(), receiver) as callee,
        ):
            await callee.register(echo, uri)
            return [await within(caller.call(uri, payload)) for payload in PAYLOADS]

    assert asyncio.run(scenario()) == PAYLOADS
    assert seen == PAYLOADS


@every_serializer
def test_payloads_reach_python_and_come_back(server, serializer):
    """The application's own procedures see Python values, binary included."""

    async def scenario():
        async with join(server.ws(), serializer) as session:
            call = session.call
            return [
                await within(call("com.example.python.echo", payload))
                for payload in PAYLOADS
            ]

    assert asyncio.run(scenario()) == PAYLOADS


@every_pair
def test_error_of_a_client_reaches_the_caller(server, sender, receiver, uri):
    """The URI and both payloads of an ERROR arrive as the callee raised them."""

    def refuse():
        raise ApplicationError("com.example.error.no", 1, BINARY, reason="because")

    async def scenario():
        async with (
            join(server.ws(), sender) as caller,
            join(server.ws(), receiver) as callee,
        ):
            await callee.register(refuse, uri)
            error = await failure(caller.call(uri))
            assert error.error == "com.example.error.no"
            assert error.args == (1, BINARY)
            assert error.kwargs == {"reason": "because"}

    asyncio.run(scenario())


@every_serializer
def test_error_of_python_reaches_the_caller(server, serializer):
    """ApplicationError keeps its URI; another exception is a runtime error."""

    async def scenario():
        async with join(server.ws(), serializer) as session:
            error = await failure(session.call("com.example.python.fail", 1, why="no"))
            assert error.error == "com.example.error.refused"
            assert (error.args, error.kwargs) == ((1,), {"why": "no"})
            error = await failure(session.call("com.example.python.crash"))
            assert error.error == "wamp.error.runtime_error"
            assert "the procedure is broken" in str(error.args)

    asyncio.run(scenario())


@every_serializer
def test_unknown_procedure_is_an_error(server, serializer, uri):
    """Nobody registered it: no_such_procedure."""

    async def scenario():
        async with join(server.ws(), serializer) as session:
            return (await failure(session.call(uri))).error

    assert asyncio.run(scenario()) == "wamp.error.no_such_procedure"


@every_serializer
def test_second_registration_is_refused(server, serializer, uri):
    """A procedure has one callee, also when the first belongs to Python."""

    async def scenario():
        async with join(server.ws(), serializer) as one, join(server.ws()) as two:
            await one.register(lambda: None, uri)
            taken = [uri, "com.example.python.add"]
            return [
                (await failure(two.register(lambda: None, name))).error
                for name in taken
            ]

    assert asyncio.run(scenario()) == ["wamp.error.procedure_already_exists"] * 2


@every_serializer
def test_unregistered_procedure_is_gone(server, serializer, uri):
    """After UNREGISTERED a call fails and the URI is free for another callee."""

    async def scenario():
        async with join(server.ws(), serializer) as one, join(server.ws()) as two:
            registration = await one.register(lambda: "one", uri)
            assert await within(two.call(uri)) == "one"
            await within(registration.unregister())
            assert (
                await failure(two.call(uri))
            ).error == "wamp.error.no_such_procedure"
            await two.register(lambda: "two", uri)
            assert await within(one.call(uri)) == "two"

    asyncio.run(scenario())


def test_procedures_of_a_session_end_with_it(server, uri):
    """What a client registered is free again once it left."""

    async def scenario():
        async with join(server.ws()) as caller:
            async with join(server.ws()) as callee:
                await callee.register(lambda: None, uri)
            return (await failure(caller.call(uri))).error

    assert asyncio.run(scenario()) == "wamp.error.no_such_procedure"


@every_serializer
def test_calls_reach_a_callee_in_order(server, serializer, uri):
    """INVOCATIONs keep the order of the CALLs of one caller."""
    seen = []

    async def scenario():
        async with join(server.ws(), serializer) as caller, join(server.ws()) as callee:
            await callee.register(seen.append, uri)
            await within(asyncio.gather(*(caller.call(uri, n) for n in range(300))))

    asyncio.run(scenario())
    assert seen == list(range(300))


def test_python_calls_a_client(server, uri):
    """app.call from a procedure or an HTTP handler waits for a client's answer."""

    async def scenario():
        async with join(server.ws()) as client:
            await client.register(str.upper, uri)
            answer = await within(client.call("com.example.python.call", uri, "rpc"))
            page = await asyncio.to_thread(fetch, server.http(f"/call/{uri}?text=http"))
            return answer, page

    assert asyncio.run(scenario()) == ("RPC", '"HTTP"')


# --- Batches ------------------------------------------------------------------


@pytest.mark.parametrize("serializer", list(BATCHED))
def test_batched_serializers_work(server, serializer, uri):
    """Calls, events, binary and errors; its own batches and the router's."""

    async def scenario():
        async with (
            join(server.ws(), serializer) as session,
            join(server.ws(), "json") as other,
        ):
            assert (await session.joined).serializer == serializer
            events = await session.events(uri)
            for number in range(100):
                other.publish(uri, number)
            numbers = [(await within(events.get()))[0][0] for _ in range(100)]
            assert numbers == list(range(100))
            await other.register(lambda *args: args, uri)
            for payload in PAYLOADS:
                assert await within(session.call(uri, payload)) == [payload]
            gone = await failure(session.call(uri + ".nowhere"))
            return gone.error

    assert asyncio.run(scenario()) == "wamp.error.no_such_procedure"


# --- Publish and subscribe ----------------------------------------------------


@every_pair
def test_payloads_cross_serializers_in_events(server, sender, receiver, uri):
    """A subscriber of any serializer gets what was published, binary included."""

    async def scenario():
        async with (
            join(server.ws(), sender) as publisher,
            join(server.ws(), receiver) as other,
        ):
            events = await other.events(uri)
            for payload in PAYLOADS:
                publisher.publish(uri, payload, key=payload)
            return [await within(events.get()) for _ in PAYLOADS]

    received = asyncio.run(scenario())
    assert [args for args, _, _ in received] == [(payload,) for payload in PAYLOADS]
    assert [kwargs["key"] for _, kwargs, _ in received] == PAYLOADS


@every_serializer
def test_acknowledged_publication_has_the_id_of_its_event(server, serializer, uri):
    """PUBLISHED and EVENT carry the same publication id."""

    async def scenario():
        async with join(server.ws(), serializer) as one, join(server.ws()) as two:
            events = await two.events(uri)
            publication = await within(one.publish(uri, "text", options=ACKNOWLEDGE))
            args, kwargs, details = await within(events.get())
            assert (args, kwargs) == (("text",), {})
            assert details.publication == publication.id

    asyncio.run(scenario())


@every_serializer
def test_publisher_is_excluded_unless_it_asks(server, serializer, uri):
    """exclude_me defaults to true ("Publisher Exclusion")."""

    async def scenario():
        async with join(server.ws(), serializer) as session:
            events = await session.events(uri)
            await within(session.publish(uri, "not for me", options=ACKNOWLEDGE))
            await within(session.publish(uri, "for me", options=INCLUDE_ME))
            args, _, _ = await within(events.get())
            return args, events.empty()

    assert asyncio.run(scenario()) == (("for me",), True)


@every_serializer
def test_nothing_arrives_after_unsubscribe(server, serializer, uri):
    """An unsubscribed topic is silent while another one goes on."""
    received = []

    async def scenario():
        async with join(server.ws(), serializer) as one, join(server.ws()) as two:
            subscription = await one.subscribe(received.append, uri)
            goes_on = await one.events(uri + ".other")
            two.publish(uri, "before")
            two.publish(uri + ".other")
            await within(goes_on.get())
            await within(subscription.unsubscribe())
            two.publish(uri, "after")
            two.publish(uri + ".other")
            await within(goes_on.get())

    asyncio.run(scenario())
    assert received == ["before"]


@every_serializer
def test_events_keep_the_order_of_publication(server, serializer, uri):
    """A publisher's events arrive in order, also across topics."""
    received = []

    async def scenario():
        done = asyncio.get_running_loop().create_future()

        def on_event(number):
            received.append(number)
            if number == 499:
                done.set_result(None)

        async with join(server.ws(), serializer) as one, join(server.ws()) as two:
            for topic in ("even", "odd"):
                await two.subscribe(on_event, f"{uri}.{topic}")
            for number in range(500):
                one.publish(f"{uri}.{'odd' if number % 2 else 'even'}", number)
            await within(done)

    asyncio.run(scenario())
    assert received == list(range(500))


@every_serializer
def test_python_publishes_to_clients(server, serializer, uri):
    """app.publish reaches subscribers from a procedure and from an HTTP handler."""

    async def scenario():
        async with join(server.ws(), serializer) as session:
            events = await session.events(uri)
            await within(session.call("com.example.python.publish", uri, BINARY))
            first = (await within(events.get()))[:2]
            await asyncio.to_thread(fetch, server.http(f"/publish/{uri}?text=http"))
            second = (await within(events.get()))[:2]
            return first, second

    expected = ((BINARY,), {"origin": "python"}), (("http",), {})
    assert asyncio.run(scenario()) == expected


@every_serializer
def test_python_subscriber_gets_events_of_clients(server, serializer, uri):
    """@app.subscribe sees a client's event; what it publishes goes to the clients."""

    async def scenario():
        async with join(server.ws(), serializer) as session:
            events = await session.events("com.example.from_python")
            session.publish("com.example.to_python", uri, BINARY, key=1)
            while (received := (await within(events.get()))[:2])[0][0] != uri:
                pass  # of another test that runs at the same time
            return received

    assert asyncio.run(scenario()) == ((uri, BINARY), {"key": 1})


def test_http_works_beside_sessions(server):
    """A page is served on the same port while a session is open."""

    async def scenario():
        async with join(server.ws()):
            return await asyncio.to_thread(fetch, server.http())

    assert asyncio.run(scenario()) == "HTTP works"
