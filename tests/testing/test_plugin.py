"""The pytest plugin, in test suites of others."""

from __future__ import annotations

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

    def run_pytest(source: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_it.py").write_text(source)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "wsocket", "test_it.py"]
        return ended(command, cwd=tmp_path)

    return run_pytest


def test_fixture_is_an_open_client(run):
    """The suite names its application. Before, nothing is imported for the plugin."""
    done = run(
        """
import sys

loaded = {name for name in sys.modules if name.startswith("wsocket")}
assert loaded == {"wsocket", "wsocket.testing", "wsocket.testing.plugin"}
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
