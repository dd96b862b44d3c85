"""Sessions of a router: clients that send any messages in any order.

The bytes choose who sends what. Every client judges what comes to it. At the end the
router must know the calls that were not answered, and no more; when all clients have
left, nothing is held.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fuzz.byte_source import ByteSource
from tests.fuzz.session_client import Client, hello
from tests.wamp.fakes import Named, SteppedRuntime, World, counting_below
from tests.wamp.raw_client import (
    ABORT,
    CALL,
    CANCEL,
    ERROR,
    GOODBYE,
    INVOCATION,
    PUBLISH,
    REGISTER,
    SUBSCRIBE,
    UNREGISTER,
    UNSUBSCRIBE,
    YIELD,
)
from wsocket.wamp.auth import Anonymous, Ticket, TicketUser

CLIENTS = 4
MESSAGES = 60
AUTHENTICATE = 5
URIS = (
    "a.b",
    "a.b.c",
    "a",
    "a.",
    "a..c",
    "",
    "a b",
    "wamp.x",
    "wamp.session.kill",
    "wamp.session.kill_all",
    "wamp.session.list",
    "wamp.session.add_testament",
    "wamp.registration.remove_callee",
    "wamp.subscription.remove_subscriber",
    "wamp.subscription.get_events",
    "wamp.subscription.match",
)
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"acknowledge": True},
    {"acknowledge": True, "retain": True, "exclude_me": False},
    {"match": "prefix"},
    {"match": "wildcard", "get_retained": True, "invoke": "roundrobin"},
    {"get_retained": True, "invoke": "first", "concurrency": 1},
    {"exclude_me": False, "force_reregister": True, "invoke": "single"},
    {"receive_progress": True},
    {"progress": True, "receive_progress": True},
    {"progress": True},
    {"timeout": 100, "forward_timeout": True},
    {"disclose_me": True, "disclose_caller": True, "acknowledge": True},
    {"mode": "kill"},
    {"mode": "skip"},
    {"mode": "killnowait"},
    {"ppt_scheme": "x_a", "acknowledge": True},
    {"acknowledge": "yes"},
    {"match": None, "mode": None, "timeout": None, "acknowledge": None},
)


class Play:
    """A router and its clients, who do what the bytes say."""

    def __init__(self, data: bytes) -> None:
        self.source = ByteSource(data)
        auth = [Ticket({"joe": TicketUser(ticket="t", role="anonymous")}), Named()]
        self.runtime = SteppedRuntime()
        self.world = World(
            counting_below(1000), auth=[*auth, Anonymous()], runtime=self.runtime
        )
        self.former: list[Client] = []
        self.clients = [
            Client(self.world, text=bool(index % 2)) for index in range(CLIENTS)
        ]

    def run(self) -> list[object]:
        """Everything that the clients have seen."""
        acts = 0
        while self.source and acts < MESSAGES:
            acts += 1
            self.act()
            self.judge()
        self.settle()
        return [client.seen for client in self.former + self.clients]

    def act(self) -> None:
        """One client does something; a new one, if its connection has ended."""
        choice = self.source.byte()
        place = choice % CLIENTS
        client = self.clients[place]
        if client.over:
            self.former.append(client)
            client = Client(self.world, text=bool(place % 2))
            self.clients[place] = client
        act = ACTS[choice // CLIENTS % len(ACTS)]
        if not client.joined and choice < 192 and act is not authenticate:
            act = join  # most messages are sent in a session
        if client.waiting:
            act = work_goes_on
        act(self, client)

    def judge(self) -> None:
        for client in self.clients:
            client.judge()

    def settle(self) -> None:
        """Compare the open calls with those of the router; then everybody leaves."""
        for index in range(-1, CLIENTS):
            if index >= 0:
                self.clients[index].disconnect()
            self.runtime.finish()
            self.judge()
            for client in self.clients:
                client.judge_the_end()
            self.judge_calls()
        assert not self.world.held()

    def judge_calls(self) -> None:
        """A call that was not answered is one that the router still has."""
        calls = self.world.realm.calls
        for client in self.clients:
            if client.joined:
                known = {call.request for call in calls if call.caller == client.id}
                assert client.calls <= known, f"lost: {client.calls - known}"
                answered = known - client.calls - client.repeated
                assert not answered, f"answered, and still there: {answered}"

    # Parts of messages

    def request(self) -> int:
        return 1 + self.source.below(6)

    def some_id(self) -> int:
        """An ID of somebody, or one that nobody has."""
        ids = [each for client in self.clients for each in client.ids]
        sessions = [client.id for client in self.clients]
        return self.source.pick([*ids[-8:], *sessions, 12345])

    def payload(self) -> list[Any]:
        """Arguments and ArgumentsKw, or neither."""
        choices = ([], [[]], [[self.some_id()]], [["x"], {"k": [1]}], [[], {}], [7])
        return self.source.pick(choices)


def join(play: Play, client: Client) -> None:
    methods = play.source.pick((["anonymous"], ["ticket"], ["named"], []))
    authid = "joe" if methods else None
    client.send(hello(methods, authid, features=bool(play.source.below(2))))


def authenticate(play: Play, client: Client) -> None:
    client.send([AUTHENTICATE, play.source.pick(("t", "wrong")), {}])


def leave(play: Play, client: Client) -> None:
    client.send([play.source.pick((GOODBYE, ABORT)), {}, "wamp.close.close_realm"])


def disconnect(play: Play, client: Client) -> None:
    client.disconnect()


def request(code: int) -> Callable[[Play, Client], None]:
    """A request with options and a URI."""

    def act(play: Play, client: Client) -> None:
        source = play.source
        head = [code, play.request(), source.pick(OPTIONS), source.pick(URIS)]
        client.send(head + (play.payload() if code in (PUBLISH, CALL) else []))

    return act


def remove(code: int) -> Callable[[Play, Client], None]:
    def act(play: Play, client: Client) -> None:
        client.send([code, play.request(), play.some_id()])

    return act


def cancel(play: Play, client: Client) -> None:
    client.send([CANCEL, play.request(), play.source.pick(OPTIONS)])


def answer(play: Play, client: Client) -> None:
    """YIELD or ERROR for an invocation, or for one that is none."""
    invocation = play.source.pick([*client.invocations, 99])
    if play.source.below(3):
        options = play.source.pick(OPTIONS)
        client.send([YIELD, invocation, options, *play.payload()])
    else:
        uri = play.source.pick(URIS)
        client.send([ERROR, INVOCATION, invocation, {}, uri, *play.payload()])


def anything(play: Play, client: Client) -> None:
    client.send_bytes(play.source.take(play.source.byte()))


def time_passes(play: Play, client: Client) -> None:
    """A timer expires: of a call, or of a client that has not joined."""
    timers = play.runtime.timers
    if timers:
        timer = play.source.pick(timers)
        timer.pending = False
        timer.run()


def work_goes_on(play: Play, client: Client) -> None:
    """A portion of what the router does in portions."""
    play.runtime.step()


ACTS: tuple[Callable[[Play, Client], None], ...] = (
    request(CALL),
    request(REGISTER),
    request(SUBSCRIBE),
    request(PUBLISH),
    answer,
    cancel,
    remove(UNSUBSCRIBE),
    remove(UNREGISTER),
    request(CALL),
    work_goes_on,
    anything,
    time_passes,
    leave,
    disconnect,
    authenticate,
    join,
)


def run_one(data: bytes) -> object:
    """Play what *data* says."""
    return Play(data).run()
