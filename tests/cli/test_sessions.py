"""``wsocket sessions``: who is connected, who comes and who leaves."""

from __future__ import annotations

import contextlib
import json
import subprocess
from urllib.parse import urlsplit

import pytest

from tests.cli.apps import Demo
from tests.cli.commands import COMMAND, said
from tests.programs import started
from tests.serving import in_thread, serving
from wsocket import cli, make_server
from wsocket.client import connect


def test_sessions_are_listed(url, capsys):
    """By ID, with what the router tells of them."""
    with connect(url) as session:
        number, authid = session.id, session.authid
        assert cli.main(["sessions", url]) == 0
    lines = capsys.readouterr().out.splitlines()
    [line] = [line for line in lines if line.startswith(f"{number} ")]
    assert f"authid={authid}" in line
    assert "authrole=anonymous" in line
    assert "authmethod=anonymous" in line
    assert line.endswith(" transport=websocket")
    assert [each.partition(" transport=")[2] for each in lines].count("in-process") == 1


def test_sessions_are_objects_for_programs(url, capsys):
    """What wamp.session.get returns."""
    with connect(url) as session:
        known = session.call("wamp.session.get", session.id)
        assert cli.main(["sessions", url, "--json"]) == 0
    objects = map(json.loads, capsys.readouterr().out.splitlines())
    assert known in list(objects)
    assert known["transport"] == {"type": "websocket"}


@pytest.mark.processes
@pytest.mark.parametrize("json_wanted", [False, True])
def test_watch_tells_who_comes_and_leaves(url, json_wanted):
    """Each once, in order."""
    command = [*COMMAND, "sessions", url, "--watch", *["--json"] * json_wanted]
    signs = ('"event":"join"', '"event":"leave"') if json_wanted else ("+ ", "- ")
    with started(command, stderr=subprocess.STDOUT) as process:
        said(process, "authrole")  # the application's own session, for instance
        with connect(url) as session:
            number = str(session.id)
            assert signs[0] in said(process, number)
        assert signs[1] in said(process, number)


@pytest.mark.processes
def test_a_realm_that_does_not_tell(guarded_url, capsys):
    """Is a WAMP error: not everybody may know who is there."""
    assert cli.main(["sessions", guarded_url, "--realm", "guarded"]) == 1
    assert "wsocket: " in capsys.readouterr().err


@pytest.mark.processes
def test_watch_tells_who_came_and_left_while_it_was_away(demo):
    """The router starts anew: it knows nobody of before, and others are there."""
    with contextlib.ExitStack() as stack:
        with serving(demo.app) as url:
            command = [*COMMAND, "sessions", url, "--watch"]
            process = stack.enter_context(started(command, stderr=subprocess.STDOUT))
            before = said(process, "transport=in-process").split()[1]
        address = ("127.0.0.1", urlsplit(url).port)
        server = stack.enter_context(make_server(*address, Demo().app))
        stack.enter_context(in_thread(server))
        told = []
        while not (
            told
            and told[-1].endswith("transport=in-process\n")
            and told[-1].startswith("+ ")
        ):
            told.append(process.stdout.readline())
    assert f"wsocket: connected to {url} again\n" in told
    assert [line for line in told if line.startswith(f"- {before} ")]
    assert before not in told[-1]
