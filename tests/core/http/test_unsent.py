"""Weighing responses that wait for clients: who is cut off, and when."""

from __future__ import annotations

import contextlib
import logging
import threading
import time

import pytest

from tests.patience import SECONDS
from wsocket.core.http.turnstile import Turnstile
from wsocket.core.http.unsent import Unsent, Waiting


class Client:
    """A client whose kernel buffer is a number."""

    def __init__(self) -> None:
        self.kernel = 1000
        self.cut = False

    def untaken(self) -> int:
        return self.kernel

    def cut_off(self) -> None:
        self.cut = True


class Kept:
    """Responses that are kept until the test ends, or until they are let go."""

    def __init__(self, unsent: Unsent) -> None:
        self.unsent = unsent
        self._each: list[contextlib.ExitStack] = []

    def add(self, size: int, client: Client | None = None) -> tuple[Client, Waiting]:
        client = client or Client()
        stack = contextlib.ExitStack()
        waiting = stack.enter_context(self.unsent.keeping(client, size))
        self._each.append(stack)
        return client, waiting

    def let_go(self) -> None:
        for each in self._each:
            each.close()


@pytest.fixture
def kept():
    """Responses, of which no more than 1000 bytes are kept."""
    found = Kept(Unsent(1000))
    yield found
    found.let_go()


def cut(*clients: Client) -> list[bool]:
    return [each.cut for each in clients]


def test_nobody_is_cut_off_within_the_limit(kept):
    """However long it takes, and up to the last byte."""
    clients = [kept.add(250)[0] for _ in range(4)]
    assert kept.unsent.used == 1000
    assert not any(cut(*clients))
    assert not kept.unsent.short


def test_what_has_been_taken_is_given_back(kept):
    """Also when sending fails, and when the client was cut off meanwhile."""
    client = Client()
    with kept.unsent.keeping(client, 600):
        assert kept.unsent.used == 600
    with contextlib.suppress(OSError), kept.unsent.keeping(client, 600):
        raise TimeoutError
    assert kept.unsent.used == 0
    for _ in range(10):
        kept.add(600)
    kept.let_go()
    assert kept.unsent.used == 0


def test_clients_are_cut_off_until_an_eighth_is_free(kept):
    """The newest is the last of them, for it has had no time."""
    kept.add(2000)  # the largest is not counted
    clients = [kept.add(300)[0] for _ in range(4)]
    assert sum(cut(*clients)) == 2
    assert not clients[-1].cut
    clients.append(kept.add(300)[0])
    assert sum(cut(*clients)) == 2


def test_who_has_taken_nothing_for_longest_goes_first(kept):
    """Whatever they have taken before."""
    kept.add(2000)
    clients = []
    for taken, seconds in ((10, 2.0), (1000, 4.0), (100, 3.0)):
        client, waiting = kept.add(300)
        clients.append(client)
        waiting.took(taken)
        waiting.since -= seconds
    kept.add(300)
    assert cut(*clients) == [False, True, True]


def test_who_was_cut_off_makes_room_at_once(kept):
    """What it still keeps for a moment cuts nobody else off."""
    clients = [kept.add(600)[0] for _ in range(4)]
    assert kept.unsent.used == 2400
    assert sum(cut(*clients)) == 2


def test_who_takes_a_part_goes_behind_who_takes_nothing(kept):
    """Although it has waited for longer."""
    reader, waiting = kept.add(400)
    silent, _ = kept.add(400)
    waiting.since -= 100
    waiting.took(1)
    kept.add(2000)
    newcomer, _ = kept.add(400)
    assert cut(reader, silent, newcomer) == [False, True, False]


def test_what_a_client_takes_from_the_kernel_counts(kept):
    """It may be long until the kernel asks for more."""
    reader, _ = kept.add(400)
    silent, _ = kept.add(400)
    reader.kernel -= 10
    kept.add(2000)
    newcomer, _ = kept.add(400)
    assert cut(reader, silent, newcomer) == [False, True, False]


def test_of_those_who_read_who_has_taken_least_goes_first(kept):
    """A look tells how much each has taken, and not when."""
    slow, _ = kept.add(300)
    slower, _ = kept.add(300)
    slow.kernel -= 20
    slower.kernel -= 10
    kept.add(2000)
    kept.add(500)
    assert cut(slow, slower) == [False, True]


def test_the_largest_is_neither_counted_nor_cut_off(kept):
    """A response alone may be larger than the limit, also beside smaller ones."""
    large, _ = kept.add(5000)
    clients = [kept.add(250)[0] for _ in range(4)]
    assert not any(cut(large, *clients))
    another, _ = kept.add(4000)
    assert not large.cut
    assert all(cut(*clients))
    assert another.cut


def test_it_is_logged_once(kept, caplog):
    """With the setting; and once more when it is over."""
    for _ in range(10):
        kept.add(600)
    assert [each.levelno for each in caplog.records] == [logging.ERROR]
    assert "1000 bytes (max_unsent_bytes) is reached" in caplog.text
    assert kept.unsent.short
    kept.unsent.tidy(time.monotonic() + 10)
    assert not kept.unsent.short
    assert "it works again" in caplog.text


def test_requests_go_on_at_once_while_there_is_room(kept):
    """They do not even have a turn; nor because of a single response."""
    kept.add(5000)
    assert not kept.unsent.turnstile.enter()
    kept.let_go()
    for _ in range(2):
        kept.add(250)
    assert not kept.unsent.turnstile.enter()
    kept.add(1)
    assert kept.unsent.turnstile.enter()
    kept.let_go()
    assert not kept.unsent.turnstile.enter()


def test_requests_wait_until_memory_is_given_back(kept):
    """Or more responses would be made while those of others are still there."""
    for _ in range(4):
        kept.add(600)
    entered = threading.Event()

    def ask() -> None:
        kept.unsent.turnstile.enter()
        entered.set()

    asking = threading.Thread(target=ask)
    asking.start()
    kept.let_go()
    asking.join(SECONDS)
    assert entered.is_set()


def test_one_goes_through_a_narrow_turnstile_at_a_time():
    """The next one when the one before says so, or has taken long."""
    turnstile = Turnstile()
    turnstile.narrow = True
    turnstile.hold()
    passed = threading.Semaphore(0)

    def ask() -> None:
        assert turnstile.enter()
        passed.release()

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for each in asking:
        each.start()
    turnstile.freed()
    for _ in asking:
        assert passed.acquire(timeout=SECONDS)
        turnstile.leave()
    for each in asking:
        each.join(SECONDS)
