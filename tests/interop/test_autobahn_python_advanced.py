"""The rest of the Advanced Profile with autobahn-python, on both servers.

Where autobahn-python is at fault, its behaviour is stated all the same: a newer release
that behaves differently fails here.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from autobahn.wamp.auth import create_authenticator
from autobahn.wamp.exception import ApplicationError, SerializationError
from autobahn.wamp.types import (
    CallOptions,
    EncodedPayload,
    PublishOptions,
    RegisterOptions,
)

from tests.interop.sessions import SECONDS, SERIALIZERS, connect, failure, join, within

STRICT, SECURED = "com.example.strict", "com.example.secured"
ACKNOWLEDGE = PublishOptions(acknowledge=True)
DETAILS = RegisterOptions(details_arg="details")

every_serializer = pytest.mark.parametrize("serializer", list(SERIALIZERS))


def ticket(authid: str = "joe", ticket: str = "secret!") -> Any:
    return create_authenticator("ticket", authid=authid, ticket=ticket)


# --- Identification -----------------------------------------------------------


@every_serializer
def test_callers_and_publishers_are_identified(server, serializer):
    """Where the realm discloses them; what a client says of itself is not believed."""
    uri = f"com.example.disclosed.{serializer}"

    async def scenario():
        async with (
            join(server.ws(), serializer, realm=SECURED, login=ticket()) as one,
            join(server.ws(), serializer, realm=SECURED, login=ticket()) as two,
        ):
            await two.register(
                lambda details: [
                    details.caller,
                    details.caller_authid,
                    details.caller_authrole,
                ],
                uri,
                options=DETAILS,
            )
            me = (await one.joined).session
            boast = CallOptions(caller=1, caller_authid="root", caller_authrole="root")
            assert await within(one.call(uri, options=boast)) == [me, "joe", "user"]
            events = await two.events(uri)
            one.publish(uri)
            _, _, details = await within(events.get())
            assert details.publisher == me
            assert details.publisher_authid == "joe"
            assert details.publisher_authrole == "user"

    asyncio.run(scenario())


# --- Events -------------------------------------------------------------------


@every_serializer
def test_pattern_based_subscription(server, serializer, uri):
    """Each pattern that fits gets the event, with its topic."""

    async def scenario():
        async with (
            join(server.ws(), serializer) as one,
            join(server.ws(), serializer) as two,
        ):
            prefix = await two.events(f"{uri}.a", match="prefix")
            wildcard = await two.events(f"{uri}..b", match="wildcard")
            for topic in (f"{uri}.a.b", f"{uri}.z.b", f"{uri}.ab"):
                await one.publish(topic, options=ACKNOWLEDGE)
            for events, ends in (
                (prefix, (".a.b", ".ab")),
                (wildcard, (".a.b", ".z.b")),
            ):
                topics = [(await within(events.get()))[2].topic for _ in ends]
                assert topics == [uri + end for end in ends]

    asyncio.run(scenario())


@every_serializer
def test_black_and_white_lists(server, serializer, uri):
    """By session, authid and authrole."""

    async def scenario():
        async with (
            join(server.ws(), serializer) as one,
            join(server.ws(), serializer) as two,
        ):
            events = await two.events(uri)
            me = await two.joined
            for name, value in (
                ("exclude", me.session),
                ("exclude_authid", me.authid),
                ("exclude_authrole", me.authrole),
                ("eligible", 1),
                ("eligible_authid", "somebody"),
                ("eligible_authrole", "something"),
                ("eligible", [me.session, 1]),
                ("eligible_authid", me.authid),
                ("eligible_authrole", me.authrole),
            ):
                options = PublishOptions(**{name: value}, acknowledge=True)
                await one.publish(uri, [name, value], options=options)
            one.publish(uri, "end")
            expected = [
                ["eligible", [me.session, 1]],
                ["eligible_authid", me.authid],
                ["eligible_authrole", me.authrole],
                "end",
            ]
            received = [(await within(events.get()))[0][0] for _ in expected]
            assert received == expected

    asyncio.run(scenario())


@every_serializer
def test_retained_events_and_history(server, serializer, uri):
    """The last one on subscribing, past ones through ``get_events``."""
    topic = uri.replace("com.example", "com.example.remembered")
    retain = PublishOptions(acknowledge=True, retain=True)

    async def scenario():
        async with (
            join(server.ws(), serializer) as one,
            join(server.ws(), serializer) as two,
        ):
            for number in (1, 2, 3):
                await one.publish(topic, number, options=retain)
            events = await two.events(topic, get_retained=True)
            args, _, details = await within(events.get())
            assert (args, details.retained) == ((3,), True)
            subscription = await two.call("wamp.subscription.lookup", topic)
            get_events = "wamp.subscription.get_events"
            past = await within(two.call(get_events, subscription, reverse=True))
            assert [event["args"] for event in past] == [[3], [2], [1]]

    asyncio.run(scenario())


@every_serializer
def test_testament(server, serializer, uri):
    """What a session leaves behind is published when it has gone."""

    async def scenario():
        async with join(server.ws(), serializer) as heir:
            events = await heir.events(uri)
            async with join(server.ws(), serializer) as session:
                add = "wamp.session.add_testament"
                await session.call(add, uri, ["will"], {"key": b"\x00"})
                await session.call(add, uri, ["flushed"], {}, scope="detached")
                await session.call("wamp.session.flush_testaments", scope="detached")
            args, kwargs, _ = await within(events.get())
            assert (args, kwargs) == (("will",), {"key": b"\x00"})
            assert events.empty()

    asyncio.run(scenario())


# --- Meta API -----------------------------------------------------------------


@every_serializer
def test_meta_api(server, serializer, uri):
    """Sessions, registrations and subscriptions, their events, and killing."""

    async def scenario():
        async with join(server.ws(), serializer) as one:
            joins = await one.events("wamp.session.on_join")
            leaves = await one.events("wamp.session.on_leave")
            async with join(server.ws(), serializer) as two:
                me = (await two.joined).session
                assert (await within(joins.get()))[0][0]["session"] == me
                assert me in await one.call("wamp.session.list")
                details = await one.call("wamp.session.get", me)
                assert details["authrole"] == "anonymous"
                registration = await two.register(lambda: 1, uri)
                looked_up = await one.call("wamp.registration.lookup", uri)
                assert looked_up == registration.id
                list_callees = "wamp.registration.list_callees"
                assert await one.call(list_callees, registration.id) == [me]
                await two.events(uri)
                [subscription] = await one.call("wamp.subscription.match", uri)
                count = "wamp.subscription.count_subscribers"
                assert await one.call(count, subscription) == 1
                kill = one.call("wamp.session.kill", me, reason="com.example.enough")
                await within(kill)
                left = await within(two.left)
                assert left.reason == "com.example.enough"
                assert (await within(leaves.get()))[0][0] == me
            error = await failure(one.call("wamp.session.get", me))
            assert error.error == "wamp.error.no_such_session"

    asyncio.run(scenario())


# --- Authentication -----------------------------------------------------------


@every_serializer
def test_logins(server, serializer):
    """Ticket, WAMP-CRA plain and salted, Cryptosign, by autobahn's authenticators."""
    logins = {
        ("joe", "ticket"): ticket(),
        ("joe", "wampcra"): create_authenticator(
            "wampcra", authid="joe", secret="secret!"
        ),
        ("salted", "wampcra"): create_authenticator(
            "wampcra", authid="salted", secret="secret!"
        ),
        ("owner", "cryptosign"): create_authenticator(
            "cryptosign", privkey=(b"k" * 32).hex()
        ),
    }

    async def scenario():
        for (authid, method), login in logins.items():
            async with join(
                server.ws(), serializer, realm=SECURED, login=login
            ) as session:
                details = await session.joined
                assert (details.authid, details.authmethod) == (authid, method)
                assert details.authrole == "user"

    asyncio.run(scenario())


def refused_login(server, login):
    """The reason why somebody is not let in."""

    async def scenario():
        async with join(server.ws(), realm=SECURED, login=login):
            pass

    with pytest.raises(ApplicationError) as caught:
        asyncio.run(scenario())
    return caught.value.error


def test_wrong_login_is_denied(server):
    """ABORT, and the connection ends."""
    assert (
        refused_login(server, ticket(ticket="x")) == "wamp.error.authentication_denied"
    )


# --- Strict realms ------------------------------------------------------------


@every_serializer
def test_strict_realm(server, serializer, uri):
    """Numbers, URIs and progressive results are as they should be."""

    async def scenario():
        heard: list[int] = []
        async with (
            join(server.ws(), serializer, realm=STRICT) as one,
            join(server.ws(), serializer, realm=STRICT) as two,
        ):
            for turn in range(3):
                made = await two.register(
                    lambda details: details.progress(5), uri, options=DETAILS
                )
                subscription = await one.subscribe(heard.append, uri)
                two.publish(uri, turn)
                await two.publish(uri, turn, options=ACKNOWLEDGE)
                await within(
                    one.call(uri, options=CallOptions(on_progress=heard.append))
                )
                canceled = one.call(uri + ".nobody")
                canceled.cancel()
                await within(subscription.unsubscribe())
                await within(made.unregister())
            assert heard == [0, 0, 5, 1, 1, 5, 2, 2, 5]
            error = await failure(one.call("com.Upper"))
            assert error.error == "wamp.error.invalid_uri"

    asyncio.run(scenario())


# --- What autobahn-python does not do well ------------------------------------


def lost(server, provoke, *, realm="realm1"):
    """How a session ends after *provoke* has had its way with it."""

    async def scenario():
        session = await connect(server.ws(), realm=realm)
        await within(session.joined)
        await provoke(session)
        await within(session.disconnected)
        return (await session.left).reason

    return asyncio.run(scenario())


def test_payload_without_a_form_leaves_a_gap(server, uri):
    """Its number is taken: strict_request_ids ends the session with the next one."""

    async def provoke(session):
        with pytest.raises(SerializationError):
            session.publish(uri, object())
        session.publish(uri)

    assert lost(server, provoke, realm=STRICT) == "wamp.close.transport_lost"


def test_revoked_subscription_ends_the_connection(server, uri):
    """It announces the feature, and takes the message for a protocol violation."""

    async def provoke(session):
        subscription = await session.subscribe(lambda: None, uri)
        me = (await session.joined).session
        remove = "wamp.subscription.remove_subscriber"
        async with join(server.ws()) as other:
            await within(other.call(remove, subscription.id, me))

    assert lost(server, provoke) == "wamp.close.transport_lost"


class Codec:
    """A payload codec of autobahn-python, which thinks of an older draft."""

    def encode(self, is_originating, uri, args=None, kwargs=None):
        return EncodedPayload(b"sealed", "x_example")


def test_older_payload_passthru_is_a_violation(server, uri):
    """A call whose payload is no list: ABORT."""

    async def provoke(session):
        session.set_payload_codec(Codec())
        [done], _ = await asyncio.wait([session.call(uri, "text")], timeout=SECONDS)
        assert done.exception() is not None

    assert lost(server, provoke) == "wamp.close.transport_lost"


def test_older_payload_passthru_of_an_event_is_refused(server, uri):
    """It is legal, but not passed on."""

    async def scenario():
        async with join(server.ws()) as session:
            session.set_payload_codec(Codec())
            options = ACKNOWLEDGE
            with pytest.raises(ApplicationError) as refused:
                await within(session.publish(uri, "text", options=options))
            return refused.value.error

    assert asyncio.run(scenario()) == "wamp.error.feature_not_supported"
