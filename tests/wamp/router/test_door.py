"""How often clients of one address may try to join."""

from __future__ import annotations

import pytest

from tests.wamp.fakes import ALL_ROLES, HELLO, FakeLink, FakeRuntime, counting_below
from tests.wamp.realm_kit import knock
from wsocket import Limits, Realm
from wsocket.wamp.auth import Ticket, TicketUser
from wsocket.wamp.protocol.client_messages import Authenticate, Hello, HelloDetails
from wsocket.wamp.router.door import Door
from wsocket.wamp.router.router import Router
from wsocket.wamp.session.session import Session

UNAVAILABLE = "wamp.error.unavailable"


class Clock(FakeRuntime):
    """A clock that the test sets."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def router_with(clock: Clock, realm: Realm, **rates: float) -> Router:
    router = Router([realm], random_below=counting_below(1), door=Door(**rates))
    router.start(clock)
    return router


def hello(router: Router, address: str) -> FakeLink:
    """The link of a client that has said HELLO."""
    link = FakeLink()
    Session(link, router, environ={"REMOTE_ADDR": address}).handle(HELLO)
    return link


def answer(link: FakeLink) -> object:
    """The reason of ABORT, or the type of another message."""
    [message] = link.take()
    return message[2] if message[0] == 3 else message[0]


def test_joins_beyond_the_rate_are_refused(clock):
    """The ABORT names the limit; other addresses and later joins are welcome."""
    router = router_with(clock, Realm("realm1"), joins_per_second=2)
    assert [answer(hello(router, "192.0.2.1")) for _ in range(2)] == [2, 2]
    refused = hello(router, "192.0.2.1")
    assert "Limits.joins_per_second, 2" in refused.sent[0][1]["message"]
    assert (answer(refused), refused.ends) == (UNAVAILABLE, ["close"])
    assert answer(hello(router, "192.0.2.2")) == 2
    clock.now += 0.6
    assert answer(hello(router, "192.0.2.1")) == 2


def test_logins_are_refused_after_too_many_failures(clock):
    """Not even the right ticket helps then; a minute later it does."""
    realm = Realm(
        "realm1",
        auth=[Ticket({"joe": TicketUser(ticket="secret", role="user")})],
        login_delay=0,
    )
    router = router_with(clock, realm, failed_logins_per_minute=3)

    def login(ticket: str) -> object:
        link = FakeLink()
        session = Session(link, router, environ={"REMOTE_ADDR": "192.0.2.1"})
        details = HelloDetails(ALL_ROLES, authid="joe", authmethods=["ticket"])
        session.handle(Hello("realm1", details))
        if link.sent[-1][0] == 3:
            return answer(link)
        link.take()
        session.handle(Authenticate(ticket, {}))
        for timer in clock.timers:
            if timer.seconds == 0:
                timer.pending = False
                timer.run()
        return answer(link)

    failed = "wamp.error.authentication_denied"
    assert [login("wrong") for _ in range(3)] == [failed] * 3
    assert login("secret") == UNAVAILABLE
    clock.now += 60
    assert login("secret") == 2


def test_limits_give_the_rates(serve):
    """Over the wire, with the address of the connection."""
    router = serve(limits=Limits(joins_per_second=0.001))
    router.join()
    client = router.connect()
    code, details, reason = knock(client)
    assert (code, reason) == (3, UNAVAILABLE)
    assert "127.0.0.1" in details["message"]
