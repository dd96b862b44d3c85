"""The broker: sends each event to the subscribers that may get it.

Every method runs on the loop, with an established session. Messages leave in the order
in which they are queued here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import (
    EVENT,
    NO_PUBLISH_OPTIONS,
    PUBLISH,
    PUBLISHED,
    SUBSCRIBE,
    SUBSCRIBED,
    UNSUBSCRIBE,
    UNSUBSCRIBED,
    Publish,
    PublishOptions,
    Subscribe,
    Unsubscribe,
)
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.protocol.ids import RandomBelow, random_id
from wsocket.wamp.protocol.uris import UriRules, reserved
from wsocket.wamp.pubsub.audience import Audience
from wsocket.wamp.pubsub.catching_up import CatchingUp
from wsocket.wamp.pubsub.history import History
from wsocket.wamp.pubsub.publication import Publication
from wsocket.wamp.pubsub.retention import RetainedEvents
from wsocket.wamp.pubsub.subscriptions import Subscription, Subscriptions
from wsocket.wamp.serializers.base import Payload, is_opaque
from wsocket.wamp.session.event_delivery import deliver_event
from wsocket.wamp.session.grant import Grant
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.session import Session
from wsocket.wamp.session.traffic import Traffic

FEATURES = {
    "event_history": True,
    "event_retention": True,
    "pattern_based_subscription": True,
    "payload_passthru_mode": True,
    "publication_trustlevels": True,
    "publisher_exclusion": True,
    "publisher_identification": True,
    "subscriber_blackwhite_listing": True,
    "subscription_revocation": True,
}

_OPAQUE = Refusal(
    errors.FEATURE_NOT_SUPPORTED,
    "enc_algo: this router has no payload transparency; use the payload passthru mode "
    "(ppt_scheme)",
)

# Nearly all publications have these, and then nothing has to be asked of them.
_NO_OPTIONS: Final = NO_PUBLISH_OPTIONS

_NO_DETAILS: dict[str, Any] = {}

KNOWS_TRUSTLEVELS = "subscriber.publication_trustlevels"


class Broker:
    """Distributes the events of one realm."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        *,
        uris: UriRules,
        random_below: RandomBelow,
        runtime: Runtime,
        retained: RetainedEvents,
        history: History,
        traffic: Traffic,
    ) -> None:
        self._subscriptions = subscriptions
        self._uris = uris
        self._random_below = random_below
        self._runtime = runtime
        self._retained = retained
        self._history = history
        self._traffic = traffic
        self._catching_up = CatchingUp(
            retained,
            runtime=runtime,
            traffic=traffic,
            deliver_retained=self._deliver_retained,
            deliver=self._deliver_live,
        )

    def publish(self, publisher: Session, message: Publish, grant: Grant) -> None:
        """Answer PUBLISH: acknowledge if asked to, then deliver."""
        topic, options = message.topic, message.options
        if options == _NO_OPTIONS:
            options = _NO_OPTIONS
        elif not self._may_be_passed(publisher, message):
            return
        payload = publisher.payload(message)
        if payload is None:
            return
        refusal = self.refusal(topic, options, grant)
        if refusal is not None:
            self._refuse(publisher, message, refusal)
            return
        publication = self._publication(
            publisher, topic, payload, options=options, grant=grant
        )
        if options.acknowledge:
            publisher.send([PUBLISHED, message.request, publication.id])
        self._distribute(publication, publisher, retain=options.retain)

    def _may_be_passed(self, publisher: Session, message: Publish) -> bool:
        """Whether the payload is one for this router; else *publisher* is told."""
        options = message.options
        if options.enc_algo and is_opaque(publisher.serializer, message.args):
            self._refuse(publisher, message, _OPAQUE)
            return False
        if (
            options.ppt_scheme is not None
            and "publisher.payload_passthru_mode" not in publisher.features
        ):
            publisher.abort_violation(
                "PUBLISH.Options.ppt_scheme: payload_passthru_mode was not announced"
            )
            return False
        return True

    def _refuse(self, publisher: Session, message: Publish, refusal: Refusal) -> None:
        # A PUBLISH without `acknowledge` gets no answer, not even an ERROR.
        if message.options.acknowledge:
            publisher.send_error(PUBLISH, message.request, *refusal)

    def publish_for(
        self,
        publisher: Session,
        topic: str,
        payload: Payload,
        *,
        options: PublishOptions,
        grant: Grant,
    ) -> None:
        """Publish in the name of a session, if `refusal` returned None."""
        publication = self._publication(
            publisher, topic, payload, options=options, grant=grant
        )
        self._distribute(publication, publisher, retain=options.retain)

    def announce(
        self,
        topic: str,
        payload: Callable[[], Payload],
        *,
        permits: Callable[[Session, Subscription], bool],
    ) -> None:
        """Publish an event of the router itself, such as one of the meta API.

        Args:
            payload: Makes the payload; only called if there is a subscription.
            permits: Whether a session may get the event for a subscription.
        """
        subscriptions = self._subscriptions.matching(topic)
        if not subscriptions:
            return
        publication, content = random_id(self._random_below), payload()
        for subscription in subscriptions:
            details = {} if subscription.match == "exact" else {"topic": topic}
            head = [EVENT, subscription.id, publication, details]
            receivers = [
                each for each in subscription.subscribers if permits(each, subscription)
            ]
            unable = deliver_event(receivers, head, content, topic)
            self._count(len(receivers), unable)

    def _publication(
        self,
        publisher: Session,
        topic: str,
        payload: Payload,
        *,
        options: PublishOptions,
        grant: Grant,
    ) -> Publication:
        return Publication(
            random_id(self._random_below),
            topic,
            payload,
            details=_details(publisher, options, grant),
            audience=Audience(options, publisher.id),
            time=self._runtime.time(),
            trustlevel=grant.trustlevel,
        )

    def refusal(
        self, topic: str, options: PublishOptions, grant: Grant
    ) -> Refusal | None:
        """Why this cannot be published; None if it can."""
        if not self._uris.valid(topic):
            return Refusal(errors.INVALID_URI, f"Topic: {self._uris.problem(topic)}")
        if reserved(topic):
            problem = f"Topic: {topic!r} is in the namespace of the protocol, 'wamp.'"
            return Refusal(errors.INVALID_URI, problem)
        if options.disclose_me and grant.disclose == "deny":
            problem = "disclose_me: publishers are never disclosed for this topic"
            return Refusal(errors.DISCLOSE_ME_DISALLOWED, problem)
        return None

    def subscribe(self, subscriber: Session, message: Subscribe, grant: Grant) -> None:
        """Answer SUBSCRIBE, then send the retained events if asked to."""
        uri, options = message.topic, message.options
        if not self._uris.valid(uri, options.match):
            problem = f"Topic: {self._uris.problem(uri, options.match)}"
            subscriber.send_error(
                SUBSCRIBE, message.request, errors.INVALID_URI, problem
            )
            return
        refusal = self._subscriptions.refusal(subscriber, uri, options.match)
        if refusal is None and options.get_retained:
            refusal = self._catching_up.refusal(subscriber, options.match)
        if refusal is not None:
            subscriber.send_error(SUBSCRIBE, message.request, *refusal)
            return

        def subscribed(subscription: Subscription) -> None:
            subscriber.send([SUBSCRIBED, message.request, subscription.id])
            if options.get_retained:
                self._catching_up.start(subscriber, subscription)

        self._subscriptions.add(subscriber, uri, options.match, then=subscribed)

    def unsubscribe(self, subscriber: Session, message: Unsubscribe) -> None:
        """Answer UNSUBSCRIBE."""
        subscription = self._subscriptions.by_id.get(message.subscription)
        if subscription is None or subscriber not in subscription.subscribers:
            subscriber.send_error(
                UNSUBSCRIBE,
                message.request,
                errors.NO_SUCH_SUBSCRIPTION,
                f"this session does not hold subscription {message.subscription}",
            )
            return
        self._subscriptions.remove(subscriber, subscription)
        subscriber.send([UNSUBSCRIBED, message.request])

    def revoke(
        self, subscriber: Session, subscription: Subscription, reason: str
    ) -> None:
        """Take a subscription from a subscriber ("Subscription Revocation")."""
        self._subscriptions.remove(subscriber, subscription)
        if "subscriber.subscription_revocation" in subscriber.features:
            details = {"subscription": subscription.id, "reason": reason}
            subscriber.send([UNSUBSCRIBED, 0, details])

    def leave(self, session: Session, *, silent: bool) -> Iterator[None]:
        """Remove the subscriptions of a session that has ended, one in each step.

        Args:
            silent: Publish no meta events about that.
        """
        for subscription in list(self._subscriptions.held_by(session)):
            # Somebody may have revoked it in the meantime.
            if session in subscription.subscribers:
                self._subscriptions.remove(session, subscription, silent=silent)
            yield

    def _distribute(
        self, publication: Publication, publisher: Session, *, retain: bool
    ) -> None:
        """Keep the event if asked to, and deliver it to matching subscriptions."""
        if retain:
            self._retained.store(publication, publisher)
        self._history.store(publication)
        for subscription in self._subscriptions.matching(publication.topic):
            receivers = publication.audience.of(subscription.subscribers)
            if subscription.late:
                receivers = self._catching_up.held_back(
                    publication, subscription, receivers
                )
            self._deliver_live(publication, subscription, receivers)

    def _deliver_live(
        self,
        publication: Publication,
        subscription: Subscription,
        receivers: list[Session],
    ) -> None:
        if publication.trustlevel is None:
            self._deliver(publication, subscription, receivers)
        else:
            self._deliver_trusted(publication, subscription, receivers, {})

    def _deliver_retained(
        self,
        publication: Publication,
        subscription: Subscription,
        receivers: list[Session],
    ) -> None:
        more = {"retained": True}
        if publication.trustlevel is None:
            self._deliver(publication, subscription, receivers, more)
        else:
            self._deliver_trusted(publication, subscription, receivers, more)

    def _deliver(
        self,
        publication: Publication,
        subscription: Subscription,
        receivers: list[Session],
        more: dict[str, Any] = _NO_DETAILS,
    ) -> None:
        details = {**publication.details, **more}
        if subscription.match != "exact":
            details["topic"] = publication.topic
        head = [EVENT, subscription.id, publication.id, details]
        unable = deliver_event(receivers, head, publication.payload, publication.topic)
        self._count(len(receivers), unable)

    def _count(self, receivers: int, unable: int) -> None:
        self._traffic.events += receivers - unable
        if unable:
            self._traffic.unwritable += unable

    def _deliver_trusted(
        self,
        publication: Publication,
        subscription: Subscription,
        receivers: list[Session],
        more: dict[str, Any],
    ) -> None:
        """Deliver; only receivers that announced trust levels get the trust level."""
        knowing: list[Session] = []
        others: list[Session] = []
        for receiver in receivers:
            knows = KNOWS_TRUSTLEVELS in receiver.features
            (knowing if knows else others).append(receiver)
        self._deliver(publication, subscription, others, more)
        more = {**more, "trustlevel": publication.trustlevel}
        self._deliver(publication, subscription, knowing, more)


def _details(
    publisher: Session, options: PublishOptions, grant: Grant
) -> dict[str, Any]:
    """EVENT.Details that are the same for all receivers."""
    details: dict[str, Any] = {}
    if options is _NO_OPTIONS and grant.disclose != "force":
        return details
    if options.disclose_me or grant.disclose == "force":
        details["publisher"] = publisher.id
        details["publisher_authid"] = publisher.authid
        details["publisher_authrole"] = publisher.authrole
    if options.ppt_scheme is not None:
        details.update(options.passthru())
    return details
