"""The picture of the architecture: what it is drawn from, and that it is current."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.programs import ROOT
from tools.package_graph import arrows, read_packages, rows

SCRIPT = ROOT / "tools/picture.py"


def tree(root, sources):
    """A package `wsocket` below *root*: path to source."""
    for path, source in sources.items():
        file = root / "wsocket" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    return read_packages(root)


def test_modules_belong_to_the_package_that_is_their_folder(tmp_path):
    """Nested folders are packages of their own; modules of the root stand alone."""
    found = tree(
        tmp_path,
        {
            "app.py": "from wsocket.core.net import loop",
            "core/__init__.py": "",
            "core/net/__init__.py": "",
            "core/net/loop.py": "from .tls.relay import x\nimport wsocket.log",
            "core/net/tls/relay.py": "import socket",
            "log.py": "",
        },
    )
    assert found.members == {
        "app": [],
        "core.net": ["loop"],
        "core.net.tls": ["relay"],
        "log": [],
    }
    assert found.imports == {
        "app": {"core.net"},
        "core.net": {"core.net.tls", "log"},
        "core.net.tls": set(),
        "log": set(),
    }


def test_a_package_stands_above_everything_that_it_imports():
    """Its row is one more than the highest of those."""
    graph = {"top": {"low", "middle"}, "middle": {"low"}, "low": set()}
    assert rows(graph) == {"low": 0, "middle": 1, "top": 2}


def test_packages_in_a_circle_share_a_row():
    """The picture shows a circle instead of failing because of it."""
    graph = {"a": {"b"}, "b": {"a", "low"}, "low": set(), "top": {"a"}}
    assert rows(graph) == {"low": 0, "a": 1, "b": 1, "top": 2}


def test_an_arrow_that_follows_from_others_is_left_out():
    """The top imports the bottom anyway, through the middle."""
    graph = {"top": {"low", "middle"}, "middle": {"low"}, "low": set()}
    assert arrows(graph) == [("middle", "low"), ("top", "middle")]


@pytest.mark.processes
def test_a_picture_that_is_not_current_is_reported(tmp_path):
    """The check ends with 1 and says what to do; after drawing it ends with 0."""
    root = tmp_path / "copy"
    tree(root, {"app.py": "import wsocket.core.loop", "core/loop.py": "import os"})
    (root / "docs/images").mkdir(parents=True)
    (root / "tools").mkdir()
    for name in ("picture.py", "package_graph.py"):
        (root / "tools" / name).write_text((SCRIPT.parent / name).read_text())

    def draw(*arguments):
        command = [sys.executable, root / "tools/picture.py", *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    before = draw("--check")
    assert before.returncode == 1
    assert before.stdout == (
        "docs/images/architecture.svg is not up to date; run `make picture`\n"
    )
    assert draw().returncode == 0
    assert draw("--check").returncode == 0
