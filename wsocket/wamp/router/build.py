"""How the parts of a realm are made and put together."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from wsocket.wamp.authorization.authorizer import CallProcedure
from wsocket.wamp.authorization.judge import Judge
from wsocket.wamp.meta.events import (
    Announcer,
    RegistrationEvents,
    SessionEvents,
    SubscriptionEvents,
)
from wsocket.wamp.meta.history import HistoryProcedures
from wsocket.wamp.meta.procedures import meta_procedures
from wsocket.wamp.meta.registrations import RegistrationProcedures
from wsocket.wamp.meta.sessions import SessionProcedures
from wsocket.wamp.meta.subscriptions import SubscriptionProcedures
from wsocket.wamp.meta.testaments import TestamentProcedures
from wsocket.wamp.protocol.ids import RandomBelow
from wsocket.wamp.protocol.uris import UriRules
from wsocket.wamp.pubsub.broker import Broker
from wsocket.wamp.pubsub.history import History, TopicLog
from wsocket.wamp.pubsub.retention import RetainedEvents
from wsocket.wamp.pubsub.subscriptions import Subscriptions
from wsocket.wamp.pubsub.testaments import Testaments
from wsocket.wamp.router.config import Realm
from wsocket.wamp.router.parts import RealmParts
from wsocket.wamp.router.realm import RunningRealm
from wsocket.wamp.router.router_client import RouterClient
from wsocket.wamp.rpc.builtins import Builtins
from wsocket.wamp.rpc.dealer import Dealer
from wsocket.wamp.rpc.invocation_details import PROGRESS_NEEDS, STRICT_PROGRESS_NEEDS
from wsocket.wamp.rpc.registrar import Registrar
from wsocket.wamp.rpc.registrations import Registrations
from wsocket.wamp.session.members import Members
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.traffic import Traffic


class World(NamedTuple):
    """What every part of a realm may use: time, chance, the rules of URIs, counters."""

    runtime: Runtime
    random_below: RandomBelow
    uris: UriRules
    traffic: Traffic


def build_realm(
    config: Realm, *, runtime: Runtime, random_below: RandomBelow, traffic: Traffic
) -> RunningRealm:
    """Make the realm that *config* describes, still without sessions."""
    uris = UriRules(strict=config.strict_uris)
    world = World(runtime, random_below, uris, traffic)
    parts = _parts(config, world)
    realm = RunningRealm(config, parts, runtime=runtime, traffic=traffic)
    parts.client.join(realm)
    return realm


def _parts(config: Realm, world: World) -> RealmParts:
    members, client = Members(world.random_below), RouterClient()
    members.trusted.add(client.session)
    judge = _judge(config, world, client.call)
    subscriptions, registrations = _tables(config, world, members)
    retained, history, testaments = _kept(config)
    broker = _broker(world, subscriptions, retained, history)
    registrar = Registrar(registrations)
    announce = Announcer(broker, judge, members).announce
    subscriptions.observe(SubscriptionEvents(announce))
    registrations.observe(RegistrationEvents(announce))
    subjects = (
        SessionProcedures(members, world.uris),
        RegistrationProcedures(registrations, members, registrar),
        SubscriptionProcedures(subscriptions, members, broker),
        HistoryProcedures(subscriptions, history),
        TestamentProcedures(testaments, broker),
    )
    builtins = Builtins(world.runtime, world.uris)
    builtins.procedures = meta_procedures(subjects, judge, builtins)
    return RealmParts(
        members=members,
        judge=judge,
        subscriptions=subscriptions,
        retained=retained,
        history=history,
        testaments=testaments,
        broker=broker,
        registrations=registrations,
        registrar=registrar,
        dealer=_dealer(config, world, members, registrations, builtins),
        events=SessionEvents(announce),
        client=client,
        uris=world.uris,
    )


def _judge(config: Realm, world: World, call: CallProcedure) -> Judge:
    return Judge(
        config.roles,
        config.authorizer,
        ttl=config.authorizer_ttl,
        timeout=config.authorizer_timeout,
        runtime=world.runtime,
        call=call,
    )


def _tables(
    config: Realm, world: World, members: Members
) -> tuple[Subscriptions, Registrations]:
    # Both take their IDs from one sequence.
    next_id = itertools.count(1).__next__
    subscriptions = Subscriptions(
        next_id=next_id,
        time=world.runtime.time,
        limit=config.subscriptions,
        pattern_limit=config.pattern_subscriptions,
        unlimited=members.trusted,
    )
    registrations = Registrations(
        uris=world.uris,
        random_below=world.random_below,
        next_id=next_id,
        time=world.runtime.time,
        limit=config.registrations,
        protected=members.trusted,
    )
    return subscriptions, registrations


def _kept(config: Realm) -> tuple[RetainedEvents, History, Testaments]:
    """The events that are kept for later."""
    retained = RetainedEvents(
        max_topics=config.retained_topics, max_bytes=config.retained_bytes
    )
    history = History(
        TopicLog(each.uri, each.match, limit=each.limit, limit_bytes=each.limit_bytes)
        for each in config.history
    )
    testaments = Testaments(limit=config.testaments, limit_bytes=config.testament_bytes)
    return retained, history, testaments


def _broker(
    world: World,
    subscriptions: Subscriptions,
    retained: RetainedEvents,
    history: History,
) -> Broker:
    return Broker(
        subscriptions,
        uris=world.uris,
        random_below=world.random_below,
        runtime=world.runtime,
        retained=retained,
        history=history,
        traffic=world.traffic,
    )


def _dealer(
    config: Realm,
    world: World,
    members: Members,
    registrations: Registrations,
    builtins: Builtins,
) -> Dealer:
    strict = config.strict_progressive_results
    return Dealer(
        registrations,
        uris=world.uris,
        runtime=world.runtime,
        durations=world.traffic.calls,
        builtins=builtins,
        limit=config.calls,
        unlimited=members.trusted,
        answers_canceled=not config.compat_autobahn_js,
        progress_needs=STRICT_PROGRESS_NEEDS if strict else PROGRESS_NEEDS,
    )
