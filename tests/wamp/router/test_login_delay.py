"""A refused login is answered after the same time, whatever was wrong with it."""

from __future__ import annotations

import pytest

from tests.wamp.fakes import ALL_ROLES, FakeLink, FakeRuntime, counting_below
from wsocket.wamp.auth import AuthRequest, Denied, Identity, Ticket, TicketUser
from wsocket.wamp.protocol.client_messages import Authenticate, Hello, HelloDetails
from wsocket.wamp.router.config import Realm
from wsocket.wamp.router.router import Router
from wsocket.wamp.session.session import Session

DELAY, JOIN_TIMEOUT = 1.0, 10.0
SLOW = 0.25  # seconds that a hashed password takes


class Clock(FakeRuntime):
    """A runtime whose time passes when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0


@pytest.fixture
def clock():
    return Clock()


def refusal_wait(clock, method, messages):
    """Seconds until the refusal, counted from when the last of *messages* came."""
    realm = Realm("realm1", auth=[method], login_delay=DELAY)
    router = Router([realm], random_below=counting_below(), join_timeout=JOIN_TIMEOUT)
    router.start(clock)
    link = FakeLink()
    session = Session(link, router)
    for message in messages:
        asked = clock.now
        session.handle(message)
    [wait] = [each for each in clock.timers if each.seconds != JOIN_TIMEOUT]
    assert all(code != 3 for code, *_ in link.take())
    wait.run()
    [[code, _, reason]] = link.take()
    assert (code, reason) == (3, "wamp.error.authentication_denied")
    return clock.now - asked + wait.seconds


def hello(authid, method="ticket"):
    details = HelloDetails(ALL_ROLES, authmethods=[method], authid=authid)
    return Hello("realm1", details)


@pytest.mark.parametrize("authid", ["joe", "stranger"])
def test_slow_check_of_a_secret_does_not_show(clock, authid):
    """Only an existing user has one."""

    def check(ticket):
        clock.now += SLOW
        return False

    users = {"joe": TicketUser(ticket=check, role="user")}
    messages = [hello(authid), Authenticate("wrong", {})]
    assert refusal_wait(clock, Ticket(users), messages) == pytest.approx(DELAY)


@pytest.mark.parametrize("seconds", [0.0, SLOW])
def test_slow_refusal_of_a_hello_does_not_show(clock, seconds):
    """The application may look for somebody before it refuses."""

    class Refuses:
        method = "asked"

        def begin(self, request: AuthRequest) -> Identity | None:
            clock.now += seconds
            raise Denied

    wait = refusal_wait(clock, Refuses(), [hello("joe", "asked")])
    assert wait == pytest.approx(DELAY)


def test_check_that_takes_longer_is_answered_at_once(clock):
    """There is no delay on top of it."""

    def check(ticket):
        clock.now += 5 * DELAY
        return False

    users = {"joe": TicketUser(ticket=check, role="user")}
    messages = [hello("joe"), Authenticate("wrong", {})]
    assert refusal_wait(clock, Ticket(users), messages) == pytest.approx(5 * DELAY)


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_delay_is_the_same_if_the_time_of_day_is_set(clock, jump):
    """It is measured with a clock that nobody sets."""

    def check(ticket):
        clock.now += SLOW
        clock.time_of_day += jump
        return False

    users = {"joe": TicketUser(ticket=check, role="user")}
    messages = [hello("joe"), Authenticate("wrong", {})]
    assert refusal_wait(clock, Ticket(users), messages) == pytest.approx(DELAY)
