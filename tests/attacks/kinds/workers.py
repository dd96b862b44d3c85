"""Attacks on the workers that run the application's code."""

from __future__ import annotations

from collections.abc import Iterator

from tests.attacks.attack import Target, attack, calls

FOR_EVER = 3600  # seconds


@attack("guarded")
def slow_procedures(target: Target) -> None:
    """Makes 2,000 calls of a procedure that sleeps, from one session."""
    guest = target.join()
    guest.send(*calls("com.slow.sleep", 2_000, FOR_EVER))
    target.wait()


@attack("guarded")
def slow_procedures_of_guests_that_left(target: Target) -> None:
    """Makes 2,000 calls of a procedure that sleeps, from 20 sessions that leave."""
    for guest in [target.join() for _ in range(20)]:
        guest.send(*calls("com.slow.sleep", 100, FOR_EVER))
        guest.send([6, {}, "wamp.close.close_realm"])
        guest.sock.close()
    target.wait()


@attack("guarded")
def calls_that_are_canceled(target: Target) -> None:
    """Calls a procedure of 0.2 s and cancels at once, without end."""
    guest = target.join()

    def chunks() -> Iterator[bytes]:
        for first in range(1, 10**9, 100):
            pairs = []
            for n in range(first, first + 100):
                pairs.append([48, n, {}, "com.slow.sleep", [0.2]])
                pairs.append([49, n, {"mode": "killnowait"}])
            yield guest.encoded(*pairs)

    target.flood_each({guest: chunks()})


@attack("guarded")
def generators(target: Target) -> None:
    """Calls 50 generators of a million progressive results, and reads them."""
    guest = target.join()
    guest.send(*calls("com.slow.count", 50, 1_000_000, receive_progress=True))
    target.flood_each({guest: iter(())})


@attack("guarded")
def unread_generators(target: Target) -> None:
    """Calls 50 generators of a million progressive results, and reads nothing."""
    guest = target.join()
    guest.send(*calls("com.slow.count", 50, 1_000_000, receive_progress=True))
    target.wait()


@attack("guarded")
def generators_without_progress(target: Target) -> None:
    """Calls 50 generators of a million results, which are to come as one."""
    guest = target.join()
    guest.send(*calls("com.slow.count", 50, 1_000_000))
    target.wait()


@attack("guarded")
def procedures_without_end(target: Target) -> None:
    """Calls a procedure again and again, from 10 sessions."""
    guests = [target.join() for _ in range(10)]

    def chunks() -> Iterator[bytes]:
        for first in range(1, 10**9, 50):
            yield guests[0].encoded(
                *([48, n, {}, "com.slow.large", [10]] for n in range(first, first + 50))
            )

    target.flood_each({guest: chunks() for guest in guests})


@attack()
def large_events_for_the_application(target: Target) -> None:
    """Publishes 1 MB again and again to a slow subscriber of the application."""
    guest = target.join()
    event = [16, 1, {}, "com.slow.events", [1, "x" * 1_000_000]]
    target.flood([guest], guest.encoded(event))


@attack("asking")
def slow_authorizer(target: Target) -> None:
    """Has 50 sessions ask a slow authorizer for every message."""
    guests = target.guests(50)
    target.flood(guests, 100 * guests[0].encoded([16, 1, {}, "com.topic", ["hello"]]))


@attack("asking")
def large_messages_for_a_slow_authorizer(target: Target) -> None:
    """Has 50 sessions ask a slow authorizer for messages of 1 MB."""
    guests = target.guests(50)
    target.flood(guests, guests[0].encoded([16, 1, {}, "com.topic", ["x" * 1_000_000]]))


@attack("asking")
def large_messages_of_clients_that_leave(target: Target) -> None:
    """Asks a slow authorizer for 1 MB with 500 sessions, each of which leaves."""
    for _ in range(target.number(500)):
        guest = target.join()
        guest.sock.sendall(guest.encoded([16, 1, {}, "com.topic", ["x" * 1_000_000]]))
        guest.sock.close()
