"""Each link of the documentation leads to a file, and to a heading of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.programs import ROOT

PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "changes").glob("*.md"),
    *(ROOT / "benchmarks").rglob("*.md"),
]
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)", re.MULTILINE)


def prose(page: Path) -> str:
    """The text of a page, without its code."""
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The names of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)", prose(page), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", each.strip().lower()) for each in headings)
    return {each.replace(" ", "-") for each in plain}


def is_dead(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    # Fragments of the changelog become a part of that file, which is in the root.
    is_fragment = page.name.startswith("+")
    target = (ROOT if is_fragment else page.parent) / name if name else page
    if not target.exists():
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    """Those to other sites are not tried."""
    links = [first or second for first, second in LINK.findall(prose(page))]
    inside = [link for link in links if not link.startswith(("http", "mailto:"))]
    assert [link for link in inside if is_dead(page, link)] == []
