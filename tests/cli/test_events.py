"""``wsocket publish``, ``subscribe`` and ``tap``: what comes is printed at once."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import signal
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from tests.cli.commands import COMMAND, said
from tests.patience import SECONDS
from tests.programs import started
from tests.serving import serving
from wsocket import PublishOptions, cli
from wsocket.client import connect

READY = "wsocket: subscribed to "


def following(*arguments: str):
    """A command that prints events, all on its stdout."""
    return started([*COMMAND, *arguments], stderr=subprocess.STDOUT)


def watched(demo, topic: str):
    """What the application gets of a topic."""
    events: list[tuple] = []
    demo.app.subscribe(topic)(lambda *args, **kwargs: events.append((args, kwargs)))
    return events


# publish


def test_an_event_is_published(url, demo, capsys):
    """With its arguments; nothing is printed."""
    events = watched(demo, "com.example.news")
    arguments = ["publish", url, "com.example.news", "1", "two", "a=[3]"]
    assert cli.main(arguments) == 0
    demo.app.call("com.example.same", 1)  # what was published before has come
    assert events == [((1, "two"), {"a": [3]})]
    assert capsys.readouterr().out == ""


def test_the_publication_is_told_to_programs(url, capsys):
    """Its ID, as JSON."""
    assert cli.main(["publish", url, "com.example.news", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert isinstance(told["publication"], int)


@pytest.mark.parametrize("keyword", ["acknowledge", "options"])
def test_a_keyword_that_cannot_be_sent(capsys, keyword):
    """It is refused, not taken for something else."""
    arguments = ["publish", "ws://127.0.0.1:9/", "com.example.news", f"{keyword}=1"]
    assert cli.main(arguments) == 2
    assert f"the keyword {keyword!r} cannot be sent" in capsys.readouterr().err


# subscribe


@pytest.mark.processes
def test_each_event_is_a_line(url, demo):
    """Time, topic and arguments, as soon as it comes."""
    with following("subscribe", url, "com.example.news") as process:
        assert said(process, READY) == READY + "'com.example.news' (exact)\n"
        demo.app.publish("com.example.news", "hi", [1], user={"name": "Ada"})
        line = process.stdout.readline()
        assert re.fullmatch(
            r'\d\d:\d\d:\d\d com\.example\.news "hi" \[1\] user={"name":"Ada"}\n', line
        )
        demo.app.publish("com.example.news")
        assert process.stdout.readline().endswith(" com.example.news\n")


@pytest.mark.processes
def test_each_event_is_an_object(url, demo):
    """With --json: topic, arguments, details, and the time in UTC."""
    command = ("subscribe", url, "com.example.", "--match", "prefix", "--json")
    with following(*command) as process:
        said(process, READY)
        disclosed = PublishOptions(disclose_me=True)
        demo.app.publish("com.example.a", 1, k=2, options=disclosed)
        event = json.loads(process.stdout.readline())
    assert event["topic"] == "com.example.a"
    assert (event["args"], event["kwargs"]) == ([1], {"k": 2})
    assert event["details"]["publisher_authid"] == "application"
    assert isinstance(event["details"]["publication"], int)
    age = datetime.now(timezone.utc) - datetime.fromisoformat(event["time"])
    assert timedelta(0) <= age < timedelta(seconds=SECONDS)


@pytest.mark.processes
def test_it_ends_after_count_events(url, demo):
    """With 0."""
    command = ("subscribe", url, "com.example.news", "--count", "2")
    with following(*command) as process:
        said(process, READY)
        for number in range(3):
            demo.app.publish("com.example.news", number)
        assert process.wait(SECONDS) == 0
        assert [line[-2] for line in process.stdout] == ["0", "1"]


@pytest.mark.processes
def test_a_closed_pipe_ends_it_quietly(url, demo):
    """As a program that SIGPIPE ends."""
    with following("subscribe", url, "com.example.news") as process:
        said(process, READY)
        process.stdout.close()
        demo.app.publish("com.example.news")
        assert process.wait(SECONDS) == 141


@pytest.mark.processes
def test_ctrl_c_leaves_the_realm(url, demo):
    """With GOODBYE, and 130; nothing else is said."""
    left: queue.Queue[tuple] = queue.Queue()
    with connect(url) as witness:
        witness.subscribe("wamp.session.on_leave", lambda *who: left.put(who))
        with following("subscribe", url, "com.example.news") as process:
            said(process, READY)
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS) == 130
            assert process.stdout.read() == ""
        assert left.get(timeout=SECONDS)


@pytest.mark.processes
def test_quiet_says_nothing_but_events(url, demo):
    """It is subscribed when the meta API says so."""
    created: queue.Queue[str] = queue.Queue()
    command = ("subscribe", url, "com.example.news", "--quiet", "--count", "1")
    with connect(url) as witness:
        topic = "wamp.subscription.on_create"
        witness.subscribe(topic, lambda by, what: created.put(what["uri"]))
        with following(*command) as process:
            while created.get(timeout=SECONDS) != "com.example.news":
                continue
            demo.app.publish("com.example.news")
            assert len(process.stdout.readlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["com example"], "invalid URI: 'com example'"),
        (["com..example"], "invalid URI"),
        (["com.example", "--count", "0"], "expected a number from 1 on, got '0'"),
        (["com.example", "--match", "some"], "invalid choice: 'some'"),
    ],
)
def test_a_wrong_subscription_ends_with_2(capsys, arguments, expected):
    """Before anything is connected."""
    with contextlib.suppress(SystemExit):
        assert cli.main(["subscribe", "ws://127.0.0.1:9/", *arguments]) == 2
    assert expected in capsys.readouterr().err


# tap


@pytest.mark.processes
@pytest.mark.parametrize(
    ("pattern", "match", "heard"),
    [
        ("com.example.", "prefix", ["com.example.a", "com.example.a.b"]),
        ("com.ex", "prefix", ["com.example.a", "com.example.a.b"]),
        ("com..a", "wildcard", ["com.example.a", "com.other.a"]),
        (".example.a", "wildcard", ["com.example.a"]),
    ],
)
def test_tap_follows_a_pattern(url, demo, pattern, match, heard):
    """A prefix, or a wildcard if a component is left out."""
    command = ("tap", url, pattern, "--json", "--count", str(len(heard)))
    with following(*command) as process:
        assert said(process, READY) == f"{READY}{pattern!r} ({match})\n"
        for topic in ("com.example.a", "com.other.a", "com.example.a.b", "org.other"):
            demo.app.publish(topic)
        assert process.wait(SECONDS) == 0
        events = [json.loads(line)["topic"] for line in process.stdout]
    assert events == heard


# The connection


@pytest.mark.processes
def test_it_connects_again(url, demo):
    """It says so, and the subscription is there again."""
    with following("subscribe", url, "com.example.news") as process:
        said(process, READY)
        with connect(url) as operator:
            operator.call("wamp.session.kill_all")
        assert "trying again in" in said(process, "wamp.close.killed")
        assert said(process, "again") == f"wsocket: connected to {url} again\n"
        demo.app.publish("com.example.news", "still there")
        assert process.stdout.readline().endswith('"still there"\n')


@pytest.mark.processes
def test_a_router_that_is_gone_is_tried_again(demo):
    """Until Ctrl-C."""
    with contextlib.ExitStack() as stack:
        with serving(demo.app) as url:
            command = ("subscribe", url, "com.example.news")
            process = stack.enter_context(following(*command))
            said(process, READY)
        assert url in said(process, "trying again in")
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130


@pytest.mark.processes
def test_a_subscription_that_the_router_ends(url):
    """It is told in one line, also when nobody has set up the log of the client."""
    topic = "com.example.news"
    with following("subscribe", url, topic) as process:
        said(process, READY)
        with connect(url) as operator:
            number = operator.call("wamp.subscription.lookup", topic)
            [who] = operator.call("wamp.subscription.list_subscribers", number)
            operator.call("wamp.subscription.remove_subscriber", number, who)
        line = process.stdout.readline()
        assert line.startswith("wsocket: the router has ended ")
        assert topic in line


def test_a_star_in_a_topic_is_refused(url, capsys):
    """It is a character like others, and most likely meant as a pattern."""
    assert cli.main(["subscribe", url, "com.example.*"]) == 2
    assert "write 'com.example.' with match='prefix'" in capsys.readouterr().err
