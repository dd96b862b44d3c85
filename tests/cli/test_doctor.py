"""``wsocket doctor``: what is there, what is missing, and what that costs."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from importlib import metadata

import pytest

import wsocket
from tests.cli.commands import COMMAND
from tests.patience import SECONDS
from tests.programs import COMMAND_LINE, ROOT, environ

pytestmark = pytest.mark.processes


def findings(
    *, limit: int | None = None, without: str = "", **variables: str
) -> tuple[int, dict[str, dict[str, str]]]:
    """Exit status, and what was found, by name.

    Args:
        limit: How many files may be open.
        without: A package that cannot be imported.
    """

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    hidden = f"import sys; sys.modules[{without!r}] = None; " if without else ""
    done = subprocess.run(
        [sys.executable, "-c", hidden + COMMAND_LINE, "doctor", "--json"],
        env={**environ(), **variables},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.stderr == ""
    found = map(json.loads, done.stdout.splitlines())
    return done.returncode, {each["name"]: each for each in found}


def test_versions_are_told():
    """Of everything that can be installed, for reports of bugs."""
    status, found = findings()
    assert status == 0
    assert found["gevent"]["value"] == metadata.version("gevent")
    assert found["cbor2"]["value"] == metadata.version("cbor2")
    assert found["wsocket"]["value"] == wsocket.__version__
    assert found["Python"]["value"].startswith(f"{sys.version_info[0]}.")


def test_every_extra_of_the_package_is_looked_at():
    """An extra that is added is added there, too."""
    section = (ROOT / "pyproject.toml").read_text()
    section = section.partition("[project.optional-dependencies]")[2]
    section = section.partition("\n[")[0]
    _, found = findings()
    wanted = re.findall(r'"([a-z0-9-]+)>=', section)
    assert wanted
    assert set(wanted) <= found.keys()


def test_what_is_interpreted_is_slow():
    """This is a folder of sources; the C files are compiled."""
    _, found = findings()
    assert found["router"]["value"] == "interpreted"
    assert found["router"]["verdict"] == "slow"
    assert "more CPU time" in found["router"]["advice"]
    assert found["frames in C"]["verdict"] == "ok"


def test_a_low_limit_of_open_files():
    """How many clients there can be, and how to have more."""
    status, found = findings(limit=200)
    assert status == 0
    assert found["open files"]["value"] == "at most 200"
    assert found["open files"]["verdict"] == "limited"
    assert "about 150 can be connected" in found["open files"]["advice"]
    assert "LimitNOFILE=" in found["open files"]["advice"]


def test_a_package_that_is_broken():
    """Ends with 1: it is installed, so somebody wants it."""
    status, found = findings(without="cbor2")
    assert status == 1
    assert found["cbor2"]["verdict"] == "broken"
    assert "cannot be imported" in found["cbor2"]["value"]
    assert "pip install --force-reinstall cbor2" in found["cbor2"]["advice"]


def test_another_loop():
    """It is named; one that there is not is an error."""
    status, found = findings(GEVENT_LOOP="libuv-cffi")
    assert (status, found["I/O loop"]["verdict"]) == (0, "slow")
    assert "libuv" in found["I/O loop"]["value"]
    status, found = findings(GEVENT_LOOP="steam")
    assert (status, found["I/O loop"]["verdict"]) == (1, "broken")


def test_without_json_it_is_for_people():
    """One line for each thing, and below it what to do."""
    done = subprocess.run(
        [*COMMAND, "doctor"],
        env=environ(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    lines = done.stdout.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("router "))
    assert lines[place].split() == ["router", "interpreted"]
    assert (
        lines[place + 1].lstrip().startswith("slow: calls and events take 40 to 50 %")
    )
