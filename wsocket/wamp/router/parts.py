"""The parts of a realm."""

from __future__ import annotations

from typing import NamedTuple

from wsocket.wamp.authorization.judge import Judge
from wsocket.wamp.meta.events import SessionEvents
from wsocket.wamp.protocol.uris import UriRules
from wsocket.wamp.pubsub.broker import Broker
from wsocket.wamp.pubsub.history import History
from wsocket.wamp.pubsub.retention import RetainedEvents
from wsocket.wamp.pubsub.subscriptions import Subscriptions
from wsocket.wamp.pubsub.testaments import Testaments
from wsocket.wamp.router.router_client import RouterClient
from wsocket.wamp.rpc.dealer import Dealer
from wsocket.wamp.rpc.registrar import Registrar
from wsocket.wamp.rpc.registrations import Registrations
from wsocket.wamp.session.members import Members


class RealmParts(NamedTuple):
    """What `build_realm` puts together."""

    members: Members
    judge: Judge
    subscriptions: Subscriptions
    retained: RetainedEvents
    history: History
    testaments: Testaments
    broker: Broker
    registrations: Registrations
    registrar: Registrar
    dealer: Dealer
    events: SessionEvents
    client: RouterClient
    uris: UriRules
