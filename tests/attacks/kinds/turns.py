"""Attacks with requests that take the loop long, or come without end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

from tests.attacks.attack import Target, attack, calls
from tests.attacks.wire import PING, frame

TEN_THOUSAND = 10_000


@attack()
def batch_of_50_000_messages(target: Target) -> None:
    """Sends 50,000 messages in one frame, again and again."""
    guest = target.join("json.batched")
    events = b'[16,1,{},"a.b"]\x1e' * 50_000
    target.flood([guest], guest.framed(events))


@attack()
def publishes(target: Target) -> None:
    """Publishes without end, from 20 sessions, to one topic with 20 subscribers."""
    guests = [target.join() for _ in range(20)]
    for guest in guests:
        guest.send([32, 1, {}, "com.topic"])
    target.flood(guests, 500 * guests[0].encoded([16, 1, {}, "com.topic", ["hello"]]))


@attack()
def events_to_5_000_subscribers(target: Target) -> None:
    """Publishes events of 10 kB to 5,000 sessions that do not read."""
    for guest in target.guests(5_000):
        guest.send([32, 1, {}, "com.topic"])
    publisher = target.join()
    event = publisher.encoded([16, 1, {}, "com.topic", ["x" * 10_000]])
    target.flood([publisher], event)


@attack()
def long_lists_of_receivers(target: Target) -> None:
    """Publishes with 10,000 IDs in `eligible` and `exclude`, to 500 subscribers."""
    guests = target.guests(500)
    for guest in guests:
        guest.send([32, 1, {}, "com.topic"])
    ids = list(range(1, TEN_THOUSAND + 1))
    names = [f"somebody{n}" for n in ids]
    options = {
        **{"eligible": [*ids, *(guest.id for guest in guests)], "exclude": ids},
        **{"exclude_authid": names, "exclude_authrole": names},
    }
    target.flood(guests[:1], guests[0].encoded([16, 1, options, "com.topic"]))


@attack()
def subscriptions_by_the_ten_thousand(target: Target) -> None:
    """Subscribes 5 sessions to 10,000 topics each; then all leave at once."""
    guests = [target.join() for _ in range(5)]
    topics = range(1, target.number(TEN_THOUSAND) + 1)
    chunks = [guests[0].encoded([32, n, {}, f"com.topic.t{n}"]) for n in topics]
    target.send(guests, lambda: iter(chunks))
    for guest in guests:
        guest.sock.close()
    target.wait()


@attack()
def registrations_by_the_ten_thousand(target: Target) -> None:
    """Registers 10,000 procedures from each of 3 sessions; then all leave at once."""
    guests = [target.join() for _ in range(3)]
    options, numbers = {"invoke": "random"}, range(1, target.number(TEN_THOUSAND) + 1)
    chunks = [guests[0].encoded([64, n, options, f"com.proc.p{n}"]) for n in numbers]
    target.send(guests, lambda: iter(chunks))
    for guest in guests:
        guest.sock.close()
    target.wait()


@attack()
def meta_procedures(target: Target) -> None:
    """Calls meta procedures that list 2,000 sessions and 10,000 subscriptions."""
    target.guests(2_000)
    guest = target.join()
    topics = range(1, target.number(TEN_THOUSAND) + 1)
    chunks = [guest.encoded([32, n, {}, f"com.topic.t{n}"]) for n in topics]
    target.send([guest], lambda: iter(chunks))
    uris = ("session.list", "session.count", "subscription.list", "registration.list")
    lists = [call for uri in uris for call in calls(f"wamp.{uri}", 5)]
    one = calls("wamp.session.get", 20, guest.id)
    target.flood([guest, target.join()], guest.encoded(*lists, *one))


@attack()
def subscribers_of_one_topic_listed(target: Target) -> None:
    """Lists the 2,000 subscribers of a topic, without end."""
    guests = target.guests(2_000)
    for guest in guests:
        guest.send([32, 1, {}, "com.topic"])
    subscription = guests[0].receive()[2]
    call = calls("wamp.subscription.list_subscribers", 50, subscription)
    target.flood(guests[:2], guests[0].encoded(*call))


@attack()
def meta_events(target: Target) -> None:
    """Joins and leaves without end, with 1,000 subscribers of these meta events."""
    for guest in target.guests(1_000):
        guest.send([32, 1, {"match": "prefix"}, "wamp."])
    session = target.attach()
    hello = [1, "realm1", {"roles": {"caller": {}}}]
    chunk = session.encoded(*([hello, [6, {}, "wamp.close.close_realm"]] * 50))
    target.flood([session], chunk)


@attack()
def killed_sessions(target: Target) -> None:
    """Joins with 2,000 sessions, and ends them all with one call, 5 times."""
    for _ in range(5):
        guests = target.guests(2_000)
        killer = guests[0]
        killer.send([48, 1, {}, "wamp.session.kill_by_authrole", ["guest"]])
        killer.answer(1)


@attack()
def calls_and_cancels(target: Target) -> None:
    """Calls a procedure of its own and cancels it at once, without end."""
    callee, caller = target.join(), target.join()
    callee.send([64, 1, {}, "com.own"])
    callee.receive()

    def chunks() -> Iterator[bytes]:
        for first in count(1, 200):
            pairs = []
            for n in range(first, first + 200):
                pairs += [[48, n, {}, "com.own"], [49, n, {"mode": "killnowait"}]]
            yield caller.encoded(*pairs)

    target.flood_each({caller: chunks(), callee: iter(())})


@attack()
def unknown_procedures(target: Target) -> None:
    """Calls procedures that do not exist, without end, from 20 sessions."""
    guests = [target.join() for _ in range(20)]
    target.flood(guests, guests[0].encoded(*calls("com.nothing", 1000)))


@attack()
def pings(target: Target) -> None:
    """Sends pings of 125 bytes without end, on 20 websockets of the router."""
    guests = [target.join() for _ in range(20)]
    target.flood(guests, 1000 * frame(b"x" * 125, PING))


@attack()
def subscriptions_that_come_and_go(target: Target) -> None:
    """Subscribes and unsubscribes without end; 500 sessions are told of each."""
    for guest in target.guests(500):
        guest.send([32, 1, {"match": "prefix"}, "wamp.subscription."])
    guest = target.join()

    def chunks() -> Iterator[bytes]:
        for n in count(1):
            guest.send([32, n, {}, f"com.topic.t{n}"])
            yield guest.encoded([34, n, guest.answer(n)[2]])

    for chunk in islice(chunks(), target.number(1_000)):
        guest.sock.sendall(chunk)


@attack()
def busy_callees(target: Target) -> None:
    """Calls a procedure of 1,000 callees that are all busy, without end."""
    for callee in target.guests(1_000):
        callee.send([64, 1, {"invoke": "roundrobin", "concurrency": 1}, "com.own"])
        callee.receive()
    caller = target.join()

    def chunks() -> Iterator[bytes]:
        for first in count(1, 100):
            numbers = range(first, first + 100)
            yield caller.encoded(*([48, n, {}, "com.own"] for n in numbers))

    target.flood_each({caller: chunks()})


@attack()
def progressive_calls(target: Target) -> None:
    """Sends 10 kB more for a call that is under way, again and again."""
    callee, caller = target.join(), target.join()
    callee.send([64, 1, {}, "com.own"])
    callee.receive()
    call = [48, 1, {"progress": True}, "com.own", ["x" * 10_000]]
    target.flood([caller], caller.encoded(call))


@attack()
def a_byte_at_a_time(target: Target) -> None:
    """Sends messages of 10 kB in packets of one byte, on 50 websockets."""
    guests = [target.join() for _ in range(50)]
    event = guests[0].encoded([16, 1, {}, "com.topic", ["x" * 10_000]])
    target.flood_each(
        {guest: (event[n : n + 1] for n in range(len(event))) for guest in guests}
    )


@attack()
def unread_pings(target: Target) -> None:
    """Sends pings without end, and reads no pong."""
    guests = [target.join() for _ in range(20)]
    target.flood(guests, 1000 * frame(b"x" * 125, PING), reading=False)
