"""Realms that come and go while the router runs."""

from __future__ import annotations

import threading

import pytest

from tests.patience import SECONDS
from tests.wamp.raw_client import GOODBYE, HELLO, WELCOME
from tests.wamp.realms.conftest import (
    AsAsked,
    enter,
    knock,
    payloads,
    result,
    roles_with,
    turned_away,
)
from wsocket import Realm, Role, WSocketApp
from wsocket.wamp.auth import Ticket, TicketUser

NO_REALM = "wamp.error.no_such_realm"
CLOSED = "wamp.close.close_realm"


def other(**config):
    return Realm("other", auth=[AsAsked()], **config)


def test_added_realm_takes_sessions(serve, serializer):
    """From the moment that the call returns."""
    router = serve()
    client = router.connect(serializer)
    assert turned_away(client, knock(client, "other")) == NO_REALM
    router.app.add_realm(other())
    client = router.join("joe", realm="other", serializer=serializer)
    assert client.welcome["realm"] == "other"


def test_added_realm_is_apart_from_the_others(serve):
    """Sessions, topics and procedures."""
    router = serve()
    router.app.add_realm(other())
    here, there = router.join(), router.join(realm="other")
    here.subscribe("com.example.topic")
    here.register("com.example.procedure")
    there.register("com.example.procedure")
    there.publish("com.example.topic", [1])
    assert here.until_now() == []
    assert result(there, "wamp.session.count") == 1


def test_removed_realm_says_goodbye(serve, serializer):
    """To all of its sessions, and to no other; nobody gets in any more."""
    router = serve(realms=[other()])
    inside = [router.join(name, realm="other", serializer=serializer) for name in "abc"]
    outside = router.join()
    router.app.remove_realm("other")
    for client in inside:
        assert client.receive() == [GOODBYE, {}, CLOSED]
    assert outside.until_now() == []
    client = router.connect()
    assert turned_away(client, knock(client, "other")) == NO_REALM
    inside[0].send(GOODBYE, {}, "wamp.close.goodbye_and_out")
    enter(inside[0], "joe", "user")


def test_realm_may_come_back_with_another_configuration(serve):
    """Nothing of the former one is left."""
    router = serve(realms=[other()])
    publisher = router.join(realm="other")
    publisher.publish("com.example.topic", [1], retain=True)
    router.app.remove_realm("other")
    assert publisher.receive()[0] == GOODBYE
    router.app.add_realm(other(roles=[Role("reader")]))
    client = router.join("joe", "reader", realm="other")
    answer = client.request(32, {"get_retained": True}, "com.example.topic")
    assert answer[4] == "wamp.error.not_authorized"


def test_login_into_a_realm_that_is_removed_meanwhile_is_refused(serve):
    """Also if there is another one of that name by then."""
    asked, answer = threading.Event(), threading.Event()

    def users(request):
        asked.set()
        answer.wait(SECONDS)
        return TicketUser(ticket="secret!", role="user")

    hello = {"authid": "joe", "authmethods": ["ticket"]}
    for comes_back in (False, True):
        asked.clear()
        answer.set()
        router = serve(realms=[Realm("other", auth=[Ticket(users)])])
        client = router.connect()
        assert knock(client, "other", **hello)[:2] == [4, "ticket"]
        router.app.remove_realm("other")
        if comes_back:
            router.app.add_realm(other())
        client.send(5, "secret!", {})
        assert turned_away(client, client.receive()) == NO_REALM
        if comes_back:
            member = router.join(realm="other")
            assert result(member, "wamp.session.count") == 1


def test_realm_removed_while_hello_is_considered(serve):
    """The client is refused when it answers the CHALLENGE, at the latest."""
    asked, answer = threading.Event(), threading.Event()

    class Slow(AsAsked):
        def begin(self, request):
            asked.set()
            answer.wait(SECONDS)
            return super().begin(request)

    router = serve(realms=[Realm("other", auth=[Slow()])])
    client = router.connect()
    more = {"authid": "joe", "authmethods": ["asked"], "authextra": {"role": "user"}}
    client.send(HELLO, "other", {"roles": roles_with(()), **more})
    assert asked.wait(SECONDS)
    router.app.remove_realm("other")
    answer.set()
    assert turned_away(client, client.receive()) == NO_REALM


def test_wrong_changes_are_refused(serve):
    """And change nothing."""
    app = serve().app
    with pytest.raises(ValueError, match="realm1"):
        app.add_realm(Realm("realm1"))
    with pytest.raises(TypeError, match="Realm"):
        app.add_realm("other")
    with pytest.raises(KeyError, match="nowhere"):
        app.remove_realm("nowhere")
    with pytest.raises(ValueError, match="application"):
        app.remove_realm("realm1")


def test_realms_may_change_before_the_router_runs(serve):
    """No loop is started for it."""
    app = WSocketApp(protocol="WAMP")
    app.add_realm(other())
    with pytest.raises(ValueError, match="other"):
        app.add_realm(other())
    app.set_authorizer("other", lambda request: False)
    app.remove_realm("other")
    with pytest.raises(KeyError):
        app.remove_realm("other")
    with pytest.raises(KeyError):
        app.set_authorizer("other", None)


def test_authorizer_that_was_set_before_the_router_runs_holds(serve):
    """It is part of the configuration from then on."""
    router = serve()  # nobody has connected yet
    router.app.set_authorizer("realm1", lambda request: False)
    client = router.join()
    answer = client.request(32, {}, "com.example.topic")
    assert answer[4] == "wamp.error.not_authorized"


def test_app_without_a_router_has_no_realms():
    """It says so."""
    app = WSocketApp()
    for change in (
        lambda: app.add_realm(other()),
        lambda: app.remove_realm("other"),
        lambda: app.set_authorizer("other", None),
    ):
        with pytest.raises(RuntimeError, match="WAMP"):
            change()


def test_many_threads_may_change_realms_at_once(serve):
    """Each of them is there when its call returns; the sessions elsewhere go on."""
    router = serve()
    watcher, publisher = router.join(), router.join()
    watcher.subscribe("com.example.topic")
    failures = []

    def work(number):
        name = f"realm.of.{number}"
        try:
            for _ in range(10):
                router.app.add_realm(Realm(name, auth=[AsAsked()]))
                client = router.connect()
                assert (
                    knock(
                        client,
                        name,
                        authid="joe",
                        authmethods=["asked"],
                        authextra={"role": "user"},
                    )[0]
                    == WELCOME
                )
                router.app.remove_realm(name)
                assert client.receive() == [GOODBYE, {}, CLOSED]
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for number in range(50):
        publisher.publish("com.example.topic", [number])
    for thread in threads:
        thread.join()
    assert failures == []
    assert payloads(watcher) == [[number] for number in range(50)]


def test_procedure_may_change_realms(serve):
    """It runs in a worker, not on the loop."""
    router = serve()

    @router.app.register("com.example.add_realm")
    def add_realm(name):
        router.app.add_realm(Realm(name, auth=[AsAsked()]))

    client = router.join()
    assert result(client, "com.example.add_realm", "other") is None
    assert router.join(realm="other").welcome["realm"] == "other"
