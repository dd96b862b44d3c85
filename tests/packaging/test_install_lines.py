"""The lines that install wsocket install this version, and not version 2."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.programs import ROOT
from wsocket.project import __version__, installation

FOLDERS = ("changes", "docs", "examples", "wsocket")
LINE = re.compile(r"""pip install (?:-\S+ )*["']?(wsocket\b[^\s"'`\\]*)""")
ANCESTOR = "2.1.0"  # final, so pip prefers it to every pre-release that is not named


def install_lines() -> Iterator[tuple[str, str]]:
    """Where wsocket is installed, and as what."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    for folder in FOLDERS:
        for ending in ("md", "py"):
            files += sorted((ROOT / folder).rglob(f"*.{ending}"))
    for file in files:
        for wanted in LINE.findall(" ".join(file.read_text().split())):
            yield str(file.relative_to(ROOT)), wanted


def chosen(requirement: str, released: list[str]) -> str | None:
    """Which release pip installs: a pre-release only if there is no other that fits."""
    fitting = Requirement(requirement).specifier.filter(released)
    return max(fitting, key=Version, default=None)


def released(version: str) -> list[str]:
    """What the index has soon after *version*."""
    later = [] if Version(version).is_prerelease else ["99.0a1"]
    return [ANCESTOR, version, *later]


@pytest.mark.parametrize(("place", "wanted"), list(install_lines()))
def test_each_line_installs_this_version(place, wanted):
    """As long as it is a pre-release it has to be named, and then no more."""
    assert chosen(wanted, released(__version__)) == __version__, place


def test_the_pages_where_people_begin_have_such_a_line():
    """So the test above has something to look at."""
    places = {place for place, _ in install_lines()}
    assert places >= {"README.md", "docs/command-line.md", "docs/deployment.md"}


@pytest.mark.parametrize("version", ["3.0.0a1", "3.0.0rc1", "3.0.0", "3.1"])
def test_commands_in_errors_install_the_version_that_they_come_from(
    version, monkeypatch
):
    """Also when it has become a final one."""
    monkeypatch.setattr("wsocket.project.__version__", version)
    [wanted] = LINE.findall(installation("asgi"))
    assert wanted.startswith("wsocket[asgi]")
    assert chosen(wanted, released(version)) == version


def test_a_line_without_a_version_would_install_the_ancestor():
    """That is what this is for."""
    assert chosen("wsocket", released("3.0.0a1")) == ANCESTOR
