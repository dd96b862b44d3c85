"""Nothing of one test reaches the next one."""

from __future__ import annotations

import os
import threading

from tests.patience import SECONDS
from tests.serving import serving
from tests.wamp.raw_client import connected
from wsocket import PublishOptions
from wsocket.testing import Client


def test_each_block_has_a_new_router(app):
    """Sessions, retained events and registrations of clients are gone."""
    retained = PublishOptions(retain=True, acknowledge=True)
    for _ in range(2):
        with Client(app) as client:
            session = client.join()
            session.register("com.example.page")
            session.subscribe("com.example.news", get_retained=True)
            session.receives_nothing()
            app.publish("com.example.news", 1, options=retained)
            assert session.receive_event().args == [1]


def test_procedures_of_the_application_stay(app):
    """What is declared once is there in each block, also what came within one."""
    with Client(app) as client:

        @app.register("com.example.later")
        def later():
            return "here"

        assert client.join().call("com.example.later") == "here"
    with Client(app) as client:
        assert client.join().call("com.example.later") == "here"
        assert client.join().call("com.example.add", 1, 2) == 3


def test_threads_end_with_the_block(app):
    """Neither workers nor handlers are left."""
    before = set(threading.enumerate())
    with Client(app) as client:
        client.join().call("com.example.add", 1, 2)
        client.websocket("/echo").send("text")
        client.get("/")
        began = [each for each in threading.enumerate() if each not in before]
        assert began
    for thread in began:
        thread.join(SECONDS)
    assert not [each for each in began if each.is_alive()]


def test_descriptors_end_with_the_block(app):
    """A test suite has thousands of blocks."""

    def block():
        with Client(app) as client:
            client.get("/")
            client.websocket("/echo").send("text")
            client.join().receives_nothing()

    block()  # what is made once for the process
    before = len(os.listdir("/dev/fd"))
    for _ in range(10):
        block()
    assert len(os.listdir("/dev/fd")) == before


def test_code_that_does_not_end_is_logged(app, caplog):
    """It may disturb the next test: the log says where it is."""
    started, over = threading.Event(), threading.Event()

    @app.register("com.example.stuck")
    def stuck():
        started.set()
        over.wait(SECONDS)

    with Client(app) as client:
        client.join().start_call("com.example.stuck")
        assert started.wait(SECONDS)
    assert "code still runs after its test" in caplog.text
    assert "test_isolation.py" in caplog.text
    over.set()


def test_application_can_be_served_before_and_after(app):
    """The process has its own loop again, and its own clock."""
    for _ in range(2):
        with serving(app) as url, connected(url) as foreign:
            foreign.join()
            foreign.call("com.example.add", [2, 3])
            assert foreign.receive()[3] == [5]
        with Client(app) as client:
            client.clock.advance(1000)
            assert client.join().call("com.example.add", 1, 2) == 3


def test_clients_that_are_open_at_once_share_the_clock(app):
    """They are two visitors of one application; each has its own cookies."""
    with Client(app) as one, Client(app) as two:
        listener = one.join()
        listener.subscribe("com.example.news")
        two.join().publish("com.example.news", "hi")
        assert listener.receive_event().args == ["hi"]
        two.clock.advance(5)
        assert one.clock.now == 5
        one.cookies["sid"] = "1"
        assert two.cookies == {}
