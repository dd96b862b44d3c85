"""Every call of the clients, of the client for tests and of the other ways in that the
documentation has, as a typed program writes it.

Nothing runs this: tests/test_types.py has mypy and pyright read it.
"""

from __future__ import annotations

import ssl
from typing import Any

from fastapi import FastAPI

from wsocket import (
    Bridge,
    BridgeKey,
    CallOptions,
    Limits,
    PublishOptions,
    Realm,
    RegisterOptions,
    Role,
    SubscribeOptions,
    WSocketApp,
)
from wsocket.asgi import as_asgi
from wsocket.client import (
    ApplicationError,
    AsyncPendingCall,
    AsyncSession,
    Backoff,
    CallDetails,
    CallResult,
    CallTimeout,
    ClientState,
    ConnectFailed,
    ConnectionLost,
    EventDetails,
    HttpPublisher,
    JoinRefused,
    PendingCall,
    Registration,
    Session,
    StateChange,
    Subscription,
    connect,
    connect_async,
)
from wsocket.client import auth as logins
from wsocket.testing import (
    Client,
    ClientCall,
    ClientClock,
    ClientEvents,
    ClientSession,
    ClientWamp,
    ClientWebSocket,
    Conversation,
    ConversationFailure,
    Credentials,
    HandshakeRefused,
    HttpAnswer,
    ReceivedEvent,
    ReceivedInvocation,
    ServerSentEvent,
    StreamRefused,
    cryptosign,
    scram,
    ticket,
    wampcra,
)
from wsocket.wamp.auth import (
    AuthRequest,
    Cryptosign,
    CryptosignUser,
    Identity,
    WebLogin,
)

# The ways in beside websockets


def owner_of(token: str) -> str | Identity | None:
    return Identity("ada", "user") if token == "token" else None


def users_of(request: AuthRequest) -> CryptosignUser | list[CryptosignUser] | None:
    return CryptosignUser(authid="joe", role="user", provider="db", extra={"a": 1})


bridge = Bridge(
    "/wamp",
    keys={"cron": BridgeKey("x" * 32, role="backend", realm="realm1")},
    tokens={"token": "user", "other": Identity("ada", "user")},
    realm="realm1",
    max_body=2**16,
    max_requests=10,
    max_streams=5,
    max_timeout=30,
    clock_skew=60.0,
    max_nonces=1000,
    heartbeat=5,
    retry=1,
)
app = WSocketApp(
    protocol="WAMP",
    realm=Realm(
        "realm1",
        auth=[
            Cryptosign({"0f" * 32: CryptosignUser(authid="joe", role="user")}),
            Cryptosign(users_of, router_key="0f" * 32, require_channel_binding=True),
            WebLogin(lambda environ: None),
        ],
        roles=[Role("user"), Role("backend")],
    ),
    bridge=bridge,
    limits=Limits(turn=0.1),
    allowed_origins=["null"],
    trusted_proxies=["127.0.0.1", "10.0.0.0/8", "unix"],
    report_url="https://example.com/issues/new",
)
by_path = WSocketApp(protocol="WAMP", bridge="/wamp")
by_function = WSocketApp(protocol="WAMP", bridge=Bridge(tokens=owner_of))

asgi_app = as_asgi(app, http_threads=8)
FastAPI().mount("/", asgi_app)


# A client with threads

context = ssl.create_default_context()
ways = [
    logins.Ticket("joe", "the ticket"),
    logins.CRA("joe", "the secret"),
    logins.Scram("joe", "the password"),
    logins.Cryptosign("joe", "0f" * 32),
    logins.Cookie(),
    logins.Anonymous(),
]


def on_state(change: StateChange) -> None:
    print(change.state, change.error, change.retry_in, change.refused)


with connect(
    "wss://example.com/",
    "realm1",
    on_state=on_state,
    max_workers=4,
    auth=logins.Ticket("joe", "the ticket"),
    serializer="msgpack",
    tls=context,
    headers={"Cookie": "a=1"},
    origin="https://example.com",
    timeout=5,
    reconnect=Backoff(first=0.5, factor=2, longest=30),
    agent="me",
    max_message_size=2**20,
    ping_interval=10,
    ping_timeout=10.0,
) as session:
    state: ClientState = session.state
    who: tuple[int | None, str | None, str | None] = (
        session.id,
        session.authid,
        session.authrole,
    )
    held: Session = session

    @session.register("com.example.sum", invoke="first")
    def total(left: int, right: int, *, details: CallDetails) -> int:
        return left + right

    @session.subscribe("com.example.news.", match="prefix")
    def news(text: str, details: EventDetails) -> None:
        print(details.topic, text)

    both: int = total(1, 2, details=CallDetails("com.example.sum"))
    registration: Registration = session.register("com.example.len", len)
    registration.unregister()
    session.register("com.example.x", print, options=RegisterOptions(concurrency=1))
    subscription: Subscription = session.subscribe("com.example.x", print)
    subscription.unsubscribe()
    session.subscribe("com.x", print, options=SubscribeOptions(get_retained=True))
    publication: int | None = session.publish("com.example.x", 1, acknowledge=True)
    session.publish("com.example.x", options=PublishOptions(exclude_me=False), key=1)
    result: Any = session.call("com.example.sum", 1, right=2, timeout=0.5)
    result = session.call("com.example.sum", options=CallOptions(disclose_me=True))
    if isinstance(result, CallResult):
        print(result.args, result.kwargs)
    for number in session.call_progress("com.example.count", 3):
        print(number)
    pending: PendingCall = session.start_call("com.example.count", 1000)
    pending.cancel()
    session.wait(timeout=1.5)

try:
    connect("ws://127.0.0.1:8080/", reconnect=False).close()
except (ConnectFailed, ConnectionLost, CallTimeout, ApplicationError) as failed:
    print(failed)
except JoinRefused as refused:
    print(refused.reason)


# A client on asyncio


async def add(left: int, right: int) -> int:
    return left + right


async def use() -> None:
    async with connect_async("tcp://127.0.0.1:8081", realm="realm1") as joined:
        same: AsyncSession = joined
        registered = await same.register("com.example.add", add)
        subscribed = await joined.subscribe("com.example.x", print, match="prefix")
        print(await joined.call("com.example.add", 2, 3, timeout=1))
        await joined.publish("com.example.x", 1, acknowledge=True)
        started: AsyncPendingCall = joined.start_call("com.example.add", 2, right=3)
        print(await started.result(timeout=1))
        async for each in joined.call_progress("com.example.count", 3):
            print(each)
        await registered.unregister()
        await subscribed.unsubscribe()


# A client of the bridge

with HttpPublisher("https://example.com/wamp", "cron", "x" * 32) as publisher:
    number_of_event: int = publisher.publish("com.example.news", "hello", key=1)
    publisher.publish("com.example.news", options={"retain": True})
    sum_of: Any = publisher.call("com.example.add", 2, 3, timeout=5)
HttpPublisher("http://127.0.0.1/wamp", token="token", timeout=5).close()


# The client for tests

with Client(app, timeout=2, environ={"REMOTE_USER": "ann"}) as client:
    answer: HttpAnswer = client.get("/")
    print(answer.status, answer.reason, answer.headers, answer.body, answer.text)
    client.post("/", form={"item": "tea"})
    client.post("/", json={"a": [1]})
    client.request("PUT", "/", body=b"x", headers={"Accept": "*/*"})
    client.cookies["login"] = "ada"
    try:
        websocket: ClientWebSocket = client.websocket("/echo", subprotocols=["chat"])
    except HandshakeRefused as no:
        print(no)
    with client.websocket("/echo", headers={"Origin": "null"}) as talking:
        talking.send("text")
        talking.send(b"bytes")
        talking.ping(b"x")
        message: str | bytes = talking.receive(timeout=1)
        talking.receives_nothing(within=0.5)
        talking.answers_pings = False
        code, reason = talking.receive_close()
        talking.close(1000, "bye")
        talking.drop()
    clock: ClientClock = client.clock
    clock.advance(1.5)
    moment: float = clock.now
    try:
        with client.events("/wamp/events?topic=com.example.x") as stream:
            listening: ClientEvents = stream
            sent: ServerSentEvent = listening.receive(timeout=1)
            print(sent.id, sent.name, sent.data, sent.json(), listening.retry)
            listening.receive_end()
    except StreamRefused as not_open:
        print(not_open)
    given: Credentials = ticket("secret")
    for proof in (given, wampcra("x"), scram("x"), cryptosign(lambda text: text, "0f")):
        client.join("realm1", authid="joe", auth=proof, serializer="cbor")
    with client.join() as tested:
        held_session: ClientSession = tested
        tested.subscribe("com.example", match="prefix")
        tested.register("com.example.f", lambda invocation: 1)
        tested.publish("com.example.x", 1, acknowledge=True)
        event: ReceivedEvent = tested.receive_event()
        print(event.args, event.kwargs, tested.id, tested.authid, tested.authrole)
        asked: ClientCall = tested.start_call("com.example.f", 1)
        invocation: ReceivedInvocation = tested.receive_invocation(timeout=1)
        invocation.progress(1)
        invocation.answer(2)
        invocation.fail("com.example.error.full", 1, limit=2)
        print(asked.progress(), asked.result(timeout=1))
    with client.wamp("/", serializer="json") as raw:
        low: ClientWamp = raw
        raw.send([1, "realm1", {"roles": {}}])
    try:
        said: Conversation = client.conversation
        print(said)
    except ConversationFailure as failure:
        print(failure)
