"""The pytest plugin, in test suites of others."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap

import pytest

from tests.programs import ended

pytestmark = pytest.mark.processes

SUITE = """
import pytest
from wsocket import WSocketApp

app = WSocketApp(protocol="WAMP")

@app.register("com.example.add")
def add(a, b):
    return a + b
"""

FIXTURE = """
@pytest.fixture
def wsocket_app():
    return app
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run pytest on a file with this source.

    Of all installed plugins it loads ours only, by the name of its entry point.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("CI", raising=False)  # there the summary has whole messages

    def run_pytest(source: str, *more: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_it.py").write_text(source)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "wsocket", "test_it.py"]
        return ended([*command, *more], cwd=tmp_path)

    return run_pytest


def test_fixture_is_an_open_client(run):
    """The suite names its application. Before, nothing is imported for the plugin."""
    done = run(
        """
import sys

loaded = {name for name in sys.modules if name.startswith("wsocket")}
ours = ("wsocket", "wsocket.project", "wsocket.testing")
assert loaded == {*ours, "wsocket.testing.plugin", "wsocket.testing.recent"}
assert not {"gevent", "msgspec"} & sys.modules.keys()
"""
        + SUITE
        + FIXTURE
        + """
def test_add(wsocket_client):
    with wsocket_client.join() as session:
        assert session.call("com.example.add", 2, 3) == 5
"""
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "1 passed" in done.stdout


def test_failures_explain_themselves(run):
    """A suite without an application; and a test whose expectation is wrong."""
    done = run(
        SUITE
        + """
def test_without_an_application(wsocket_client):
    pass

class TestWithOne:
"""
        + textwrap.indent(FIXTURE.replace("()", "(self)"), "    ")
        + """
    def test_conversation(self, wsocket_client):
        session = wsocket_client.join()
        session.subscribe("com.example.news")
        app.publish("com.example.news", "surprise")
        session.receives_nothing()
""",
    )
    assert done.returncode == 1
    assert "wsocket_client needs your application" in done.stdout
    assert "def wsocket_app():" in done.stdout
    assert "expected nothing, and got EVENT" in done.stdout
    assert "app -> session 1: SUBSCRIBED" in done.stdout
    assert "1 failed, 1 error" in done.stdout


FAILING = """
import unittest
from wsocket.testing import Client

def test_value(wsocket_client):
    with wsocket_client.join() as session:
        assert session.call("com.example.add", 2, 3) == 6

def test_status(wsocket_client):
    assert wsocket_client.get("/").status == 599

def test_without_the_fixture():
    with Client(app) as client:
        assert client.get("/own").status == 599

def answer():
    with Client(app) as client:
        return client.get("/helper")

def test_whose_client_is_closed():
    assert answer().status == 599

def test_of_the_kit(wsocket_client):
    wsocket_client.join().receive_event(timeout=0.01)

class OtherStyle(unittest.TestCase):
    def test_equality(self):
        with Client(app) as client:
            self.assertEqual(client.get("/unittest").status, 599)

@pytest.fixture
def joined():
    with Client(app) as client:
        assert client.get("/setup").status == 599

def test_whose_fixture_fails(joined):
    pass

def test_without_a_client():
    assert 1 == 2
"""


def test_failed_assertion_prints_the_conversation(run):
    """Whoever has made the client, however it fails; and once in each report."""
    done = run(SUITE + FIXTURE + FAILING, "--tb=short")
    assert "7 failed, 1 error" in done.stdout
    assert done.stdout.count("The conversation, with the seconds of the clock:") == 7
    _, *reports = re.split(r"\n_{3,} (?:\w+ at )?(?:setup of )?", done.stdout)
    shown = {each.split()[0]: "\n".join(each.splitlines()[1:]) for each in reports}
    assert "app -> session 1: RESULT [50, 1, {}, [5]]" in shown["test_value"]
    for name, path in (
        ("test_status", "/"),
        ("test_without_the_fixture", "/own"),
        ("test_whose_client_is_closed", "/helper"),
        ("OtherStyle.test_equality", "/unittest"),
        ("test_whose_fixture_fails", "/setup"),
    ):
        assert shown[name].count(f"app -> http: GET {path}: ") == 1
    assert shown["test_of_the_kit"].count("The conversation") == 1
    assert "The conversation" not in shown["test_without_a_client"]
