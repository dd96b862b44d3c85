"""Attacks of those who are not logged in."""

from __future__ import annotations

import time

from tests.attacks.attack import ROLES, Target, attack

TICKET = {"roles": ROLES, "authid": "other", "authmethods": ["ticket"]}


@attack("guarded")
def joins_without_end(target: Target) -> None:
    """Says HELLO and GOODBYE without end, on 20 websockets."""
    sessions = [target.attach() for _ in range(20)]
    hello, goodbye = [1, "realm1", {"roles": ROLES}], [6, {}, "wamp.close.close_realm"]
    target.flood(sessions, sessions[0].encoded(*([hello, goodbye] * 20)))


@attack("guarded")
def silence_after_connecting(target: Target) -> None:
    """Opens 4,000 websockets of the router, and says no HELLO."""
    target.attached(target.number(4_000))


@attack("guarded")
def silence_after_challenge(target: Target) -> None:
    """Lets 2,000 websockets be challenged, and does not answer."""
    sessions = target.attached(target.number(2_000))
    for session in sessions:
        session.send([1, "realm1", TICKET])
    for session in sessions:
        session.receive()


@attack("guarded")
def failed_logins(target: Target) -> None:
    """Logs in with a wrong ticket without end; nobody waits for the refusal."""
    deadline = time.monotonic() + target.seconds
    while time.monotonic() < deadline:
        session = target.attach()
        session.send([1, "realm1", TICKET], [5, "wrong", {}])


@attack("guarded")
def failed_logins_that_are_cut_off(target: Target) -> None:
    """Logs in with a wrong ticket and closes at once, without end."""
    deadline = time.monotonic() + target.seconds
    while time.monotonic() < deadline:
        session = target.attach()
        session.send([1, "realm1", TICKET])
        session.receive()
        session.send([5, "wrong", {}])
        session.sock.close()


@attack("guarded")
def large_logins(target: Target) -> None:
    """Says HELLO with 1 MB of `authextra` on 300 websockets, and is not let in."""
    details = {**TICKET, "authextra": {"x": "x" * 1_000_000}}
    for session in target.attached(target.number(300)):
        session.send([1, "realm1", details])
        session.receive()


@attack("guarded")
def unknown_realms(target: Target) -> None:
    """Asks for realms that do not exist, on a new websocket each time."""
    deadline = time.monotonic() + target.seconds
    while time.monotonic() < deadline:
        session = target.attach()
        session.send([1, "nowhere", {"roles": ROLES}])
        session.receive()
        session.sock.close()
