"""What the specification says of order (Basic Profile, "Ordering Guarantees")."""

from __future__ import annotations

import itertools
import threading

from tests.wamp.raw_client import (
    CALL,
    EVENT,
    FORMATS,
    INVOCATION,
    PUBLISH,
    PUBLISHED,
    REGISTER,
    REGISTERED,
    SUBSCRIBE,
    SUBSCRIBED,
    UNREGISTER,
    UNSUBSCRIBE,
    UNSUBSCRIBED,
)
from tests.wamp.servers import on_every_server

pytestmark = on_every_server

MANY = 300


def test_events_of_one_publisher_arrive_in_order_across_topics(join, serializer, uri):
    """For every subscriber, over exact and pattern subscriptions alike."""
    subscribers = [join(serializer) for _ in range(3)]
    publisher = join(serializer)
    for subscriber in subscribers:
        for topic in range(5):
            subscriber.subscribe(f"{uri}.t{topic}")
        subscriber.subscribe(f"{uri}.pattern", match="prefix")
    for number in range(MANY):
        topic = (
            f"{uri}.pattern.p{number}" if number % 6 == 5 else f"{uri}.t{number % 6}"
        )
        publisher.send(PUBLISH, number + 1, {}, topic, [number])
    for subscriber in subscribers:
        numbers = [subscriber.receive()[4][0] for _ in range(MANY)]
        assert numbers == list(range(MANY))


def test_events_of_several_publishers_keep_each_ones_order(join, uri):
    """They may interleave, but never within one publisher."""
    subscriber = join()
    publishers = [join(name) for name in FORMATS]
    subscriber.subscribe(uri)

    def publish(index: int) -> None:
        for number in range(MANY):
            publishers[index].send(PUBLISH, number + 1, {}, uri, [index, number])

    every = range(len(publishers))
    threads = [threading.Thread(target=publish, args=(index,)) for index in every]
    for thread in threads:
        thread.start()
    received = [subscriber.receive()[4] for _ in range(len(every) * MANY)]
    for thread in threads:
        thread.join()
    for index in every:
        assert [n for i, n in received if i == index] == list(range(MANY))


def test_invocations_arrive_in_call_order_across_procedures(join, serializer, uri):
    """For each pair of caller and callee; numbered from 1 without a gap."""
    callee, caller = join(serializer), join(serializer)
    for procedure in range(4):
        callee.register(f"{uri}.p{procedure}")
    callee.register(f"{uri}.pattern", match="prefix")
    for number in range(MANY):
        name = f"pattern.x{number}" if number % 5 == 4 else f"p{number % 5}"
        caller.send(CALL, number + 1, {}, f"{uri}.{name}", [number])
    invocations = [callee.invoked() for _ in range(MANY)]
    assert [each[3][0] for each in invocations] == list(range(MANY))
    assert [each[0] for each in invocations] == list(range(1, MANY + 1))


def test_subscribed_comes_before_the_first_event(join, serializer, uri):
    """Even while somebody publishes without a pause."""
    publisher, subscriber = join(serializer), join(serializer)
    done = threading.Event()

    def publish() -> None:
        while not done.is_set():
            publisher.publish(uri)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        for _ in range(20):
            request = subscriber.next_request()
            subscriber.send(SUBSCRIBE, request, {}, uri)
            assert subscriber.receive()[:2] == [SUBSCRIBED, request]
            assert subscriber.receive()[0] == EVENT
            subscriber.send(34, request, subscriber.subscribe(uri))
            subscriber.inbox.clear()
            while subscriber.receive() != [35, request]:
                pass
    finally:
        done.set()
        thread.join()


def test_retained_event_comes_between_subscribed_and_the_live_ones(
    join, serializer, uri
):
    """None is lost or repeated between them, and none follows UNSUBSCRIBED."""
    publisher, subscriber = join(serializer), join(serializer)
    done = threading.Event()

    def publish() -> None:
        for number in itertools.count():
            publisher.publish(uri, [number], retain=True)
            if done.is_set():
                return

    publisher.publish(uri, [-1], retain=True)
    thread = threading.Thread(target=publish)
    thread.start()
    try:
        for _ in range(10):
            request = subscriber.next_request()
            subscriber.send(SUBSCRIBE, request, {"get_retained": True}, uri)
            code, answered, subscription = subscriber.receive()
            assert (code, answered) == (SUBSCRIBED, request)
            events = [subscriber.receive()[3:] for _ in range(5)]
            first = events[0][1][0]
            assert events == [
                [{"retained": True}, [first]],
                *([{}, [first + later]] for later in range(1, 5)),
            ]
            subscriber.send(UNSUBSCRIBE, request, subscription)
            while subscriber.receive() != [UNSUBSCRIBED, request]:
                pass
            assert subscriber.until_now() == []
    finally:
        done.set()
        thread.join()


def test_registered_comes_before_the_first_invocation(join, serializer, uri):
    """Even while somebody calls without a pause."""
    caller, callee = join(serializer), join(serializer)
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            caller.call(uri)
            caller.receive()

    thread = threading.Thread(target=call)
    thread.start()
    try:
        for _ in range(20):
            request = callee.next_request()
            callee.send(REGISTER, request, {}, uri)
            code, answered, registration = callee.receive()
            assert (code, answered) == (REGISTERED, request)
            invocation = callee.invoked()[0]
            callee.send(UNREGISTER, request, registration)
            callee.send(70, invocation, {})
            assert callee.receive() == [67, request]
    finally:
        callee.close()
        done.set()
        thread.join()


def test_published_comes_before_the_publishers_own_event(join, serializer, uri):
    """The acknowledgement first, then the event."""
    client = join(serializer)
    client.subscribe(uri)
    for _ in range(20):
        request = client.next_request()
        options = {"acknowledge": True, "exclude_me": False}
        client.send(PUBLISH, request, options, uri)
        first, second = client.receive(), client.receive()
        assert first[:2] == [PUBLISHED, request]
        assert second[0] == EVENT
        assert first[2] == second[2]


def test_answers_and_events_keep_the_order_of_their_requests(join, serializer, uri):
    """Call and publication of one session take the same way to a shared receiver."""
    sender, receiver = join(serializer), join(serializer)
    receiver.subscribe(uri)
    receiver.register(uri)
    for number in range(50):
        sender.send(PUBLISH, 2 * number + 1, {}, uri, [number])
        sender.send(CALL, 2 * number + 2, {}, uri, [number])
    received = [receiver.receive() for _ in range(100)]
    assert [each[0] for each in received] == [EVENT, INVOCATION] * 50
