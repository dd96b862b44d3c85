"""The registrations of a realm, and which callee gets the next call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import InvokePolicy, RegisterOptions
from wsocket.wamp.protocol.errors import Refusal, too_many, too_much
from wsocket.wamp.protocol.ids import RandomBelow
from wsocket.wamp.protocol.patterns import PatternMap, pattern_size
from wsocket.wamp.protocol.uris import MATCHES, Match, UriRules, reserved
from wsocket.wamp.session.session import Session

_CALLEE = 700  # bytes that a registration with one callee takes, without its URI


class RegisteredCallee:
    """One callee of a registration, with the options it registered with."""

    __slots__ = (
        "active",
        "callee",
        "concurrency",
        "disclose_caller",
        "forward_timeout",
        "may_decline",
    )

    def __init__(self, callee: Session, options: RegisterOptions) -> None:
        self.callee = callee
        self.may_decline = "callee.call_reroute" in callee.features
        self.disclose_caller = options.disclose_caller
        self.forward_timeout = options.forward_timeout
        self.concurrency = options.concurrency
        self.active = 0  # calls under way

    @property
    def free(self) -> bool:
        """Whether it can get another call."""
        return self.concurrency is None or self.active < self.concurrency

    @property
    def goes_on(self) -> bool:
        """Whether it cannot be told that nobody waits for a call any more, and has a
        limit for which that call still counts.
        """
        features = self.callee.features
        return self.concurrency is not None and "callee.call_canceling" not in features


class Registration:
    """All callees of one (procedure, match) share one registration.

    Attributes:
        created: Seconds since the epoch.
        endpoints: The callees, the oldest first.
    """

    __slots__ = ("created", "endpoints", "id", "invoke", "match", "turn", "uri")

    def __init__(
        self, id: int, uri: str, *, match: Match, invoke: InvokePolicy, created: float
    ) -> None:
        self.id = id
        self.uri = uri
        self.match = match
        self.invoke = invoke
        self.created = created
        self.endpoints: list[RegisteredCallee] = []
        self.turn = 0  # roundrobin: the index of the next endpoint

    def endpoint_of(self, callee: Session) -> RegisteredCallee | None:
        """The endpoint of *callee*, if it has one here."""
        return next((each for each in self.endpoints if each.callee is callee), None)


class RegistrationObserver(Protocol):
    """Is told about changes, in the order in which they happen."""

    def created(self, session: Session, registration: Registration) -> None: ...

    def registered(self, session: Session, registration: Registration) -> None: ...

    def unregistered(self, session: Session, registration: Registration) -> None: ...

    def deleted(self, session: Session, registration: Registration) -> None: ...


class Registrations:
    """The table of one realm.

    Args:
        limit: How many registrations one session may have.
        protected: Sessions without this limit, whose procedures no other session can
            take over.
    """

    def __init__(
        self,
        *,
        uris: UriRules,
        random_below: RandomBelow,
        next_id: Callable[[], int],
        time: Callable[[], float],
        limit: int,
        protected: Collection[Session] = (),
    ) -> None:
        self._limit = limit
        self._protected = protected
        self._uris = uris
        self._random_below = random_below
        self._next_id = next_id
        self._time = time
        self._observers: list[RegistrationObserver] = []
        self._registry = PatternMap[Registration]()
        self._held: dict[Session, dict[Registration, None]] = {}
        self.by_id: dict[int, Registration] = {}
        self.best = self._registry.best
        self.get = self._registry.get

    def observe(self, observer: RegistrationObserver) -> None:
        """Tell *observer* about changes from now on."""
        self._observers.append(observer)

    def ids(self) -> dict[Match, list[int]]:
        """Registration IDs by matching policy."""
        return {
            match: [each.id for each in self._registry.entries(match)]
            for match in MATCHES
        }

    @property
    def holders(self) -> Collection[Session]:
        """The sessions that have a registration."""
        return self._held.keys()

    def held_by(self, callee: Session) -> Iterator[Registration]:
        """The registrations of *callee*."""
        return iter(self._held.get(callee, ()))

    def refusal(
        self, callee: Session, uri: str, options: RegisterOptions
    ) -> Refusal | None:
        """Why *callee* may not register *uri*; None if it may."""
        if not self._uris.valid(uri, options.match):
            problem = self._uris.problem(uri, options.match)
            return Refusal(errors.INVALID_URI, f"Procedure: {problem}")
        if reserved(uri):
            problem = f"Procedure: {uri!r} is in the namespace of the protocol, 'wamp.'"
            return Refusal(errors.INVALID_URI, problem)
        registration = self._registry.get(uri, options.match)
        if registration is None or registration.endpoint_of(callee) is None:
            held = self._held.get(callee, ())
            if len(held) >= self._limit and callee not in self._protected:
                return too_many("registrations", self._limit)
            lacking = callee.budget.lacking(_weight(uri, options.match))
            if lacking is not None:
                return too_much("this registration", lacking)
        if registration is None:
            return None
        if options.force_reregister:
            return self._eviction_refusal(callee, registration)
        return _conflict(registration, options.invoke)

    def _eviction_refusal(
        self, callee: Session, registration: Registration
    ) -> Refusal | None:
        for endpoint in registration.endpoints:
            if endpoint.callee in self._protected and callee not in self._protected:
                problem = f"{registration.uri!r} is the application's own procedure"
                return Refusal(errors.PROCEDURE_ALREADY_EXISTS, problem)
        return None

    def add(self, callee: Session, uri: str, options: RegisterOptions) -> Registration:
        """Register, if `refusal` returned None; a second time changes nothing."""
        registration = self._registry.get(uri, options.match)
        if registration is None:
            registration = Registration(
                self._next_id(),
                uri,
                match=options.match,
                invoke=options.invoke,
                created=self._time(),
            )
            self._registry.add(uri, options.match, registration)
            self.by_id[registration.id] = registration
            for observer in self._observers:
                observer.created(callee, registration)
        if registration.endpoint_of(callee) is None:
            callee.budget.charge(_weight(uri, options.match))
            registration.endpoints.append(RegisteredCallee(callee, options))
            self._held.setdefault(callee, {})[registration] = None
            for observer in self._observers:
                observer.registered(callee, registration)
        return registration

    def remove(
        self, callee: Session, registration: Registration, *, silent: bool = False
    ) -> None:
        """Remove *callee*, which must be registered, from *registration*.

        Args:
            silent: Do not tell the observers.
        """
        held = self._held[callee]
        del held[registration]
        if not held:
            del self._held[callee]
        index = next(
            index
            for index, endpoint in enumerate(registration.endpoints)
            if endpoint.callee is callee
        )
        del registration.endpoints[index]
        callee.budget.give_back(_weight(registration.uri, registration.match))
        if index < registration.turn:
            registration.turn -= 1
        observers = () if silent else self._observers
        for observer in observers:
            observer.unregistered(callee, registration)
        if not registration.endpoints:
            self._registry.remove(registration.uri, registration.match)
            del self.by_id[registration.id]
            for observer in observers:
                observer.deleted(callee, registration)

    def choose(
        self, registration: Registration, tried: Collection[RegisteredCallee] = ()
    ) -> RegisteredCallee | None:
        """Select the callee for a call ("Shared Registration"); None if none is free.

        Args:
            tried: Callees that have declined this call ("Call Rerouting").
        """
        endpoints = registration.endpoints
        if len(endpoints) == 1:  # by far the most frequent case
            only = endpoints[0]
            if not only.free or only in tried:
                return None
            registration.turn = 1  # a second callee would be next
            return only
        if registration.invoke == "roundrobin":
            # From the callee whose turn it is to the end, then from the start.
            turn = registration.turn % len(endpoints)
            for index in (*range(turn, len(endpoints)), *range(turn)):
                endpoint: RegisteredCallee = endpoints[index]
                if endpoint.free and endpoint not in tried:
                    registration.turn = index + 1
                    return endpoint
            return None
        free = [each for each in endpoints if each.free and each not in tried]
        if not free:
            return None
        if registration.invoke == "random":
            return free[self._random_below(len(free))]
        return free[-1] if registration.invoke == "last" else free[0]


def _weight(uri: str, match: Match) -> int:
    """The memory that one callee of a pattern takes, in bytes; an estimate."""
    return _CALLEE + pattern_size(uri, match)


def _conflict(registration: Registration, invoke: InvokePolicy) -> Refusal | None:
    """Why no other callee can join *registration* with *invoke*."""
    if invoke != registration.invoke:
        problem = (
            f"{registration.uri!r} is registered with invoke={registration.invoke!r}, "
            f"not {invoke!r}"
        )
    elif invoke == "single":
        problem = f"{registration.uri!r} is registered already"
    else:
        return None
    return Refusal(errors.PROCEDURE_ALREADY_EXISTS, problem)


def no_procedure(uri: str, uris: UriRules) -> Refusal:
    """Why nobody can be called for *uri*."""
    if not uris.valid(uri):
        return Refusal(errors.INVALID_URI, f"Procedure: {uris.problem(uri)}")
    problem = f"no callee has registered a procedure for {uri!r}"
    return Refusal(errors.NO_SUCH_PROCEDURE, problem)
