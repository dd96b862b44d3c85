"""A subscriber that does not read costs a bounded amount.

That it delays nobody is shown by tests/soak, with many of them among thousands.
"""

from __future__ import annotations

from tests.steady.conftest import Start
from tests.steady.peers import HELLO, ask, client_text, joined, messages, silent_upgrade

COUNT = 600  # 24 MB, where 1 MiB may wait, and the kernel takes some
PAYLOAD = "x" * 40_000  # bytes: what does not fit into the kernel's buffers


def test_events_are_dropped_but_replies_are_not(start: Start) -> None:
    """Oldest first; the answer to a call comes, after the events that are left."""
    server = start("narrow")
    numbers = []
    with (
        silent_upgrade(server.url, "/", subprotocol="wamp.2.json") as slow,
        joined(server.ws("/")) as publisher,
    ):
        subscribe = [32, 1, {}, "com.example.topic"]
        slow.sendall(client_text(HELLO) + client_text(subscribe))
        for number in range(COUNT):
            publish = [16, number + 1, {"acknowledge": True}, "com.example.topic"]
            assert ask(publisher, [*publish, [number, PAYLOAD]])[0] == 17
        slow.sendall(client_text([48, 2, {}, "com.example.none"]))
        for message in messages(slow):
            if message[0] == 36:
                numbers.append(message[4][0])
            elif message[0] == 8:
                break
    assert numbers == sorted(numbers)
    assert numbers[-1] == COUNT - 1
    assert len(numbers) < COUNT
