"""docs/features.md: what it says of this router is announced, and tested."""

from __future__ import annotations

import re
from pathlib import Path

from tests.programs import ROOT

PAGE = ROOT / "docs/features.md"
LINK = re.compile(r"\[[^]]+\]\[([^]]+)\]")  # [text][label]
TARGET = re.compile(r"^\[([^]]+)\]: (\S+)$", re.MULTILINE)  # [label]: path


def rows() -> list[list[str]]:
    """The cells of each feature: its name, wsocket's, and the others'."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [row for row in cells if len(row) > 2 and row[0]]


def claimed() -> dict[str, str]:
    """Feature in code style, as WELCOME announces it, to wsocket's cell."""
    found = ((re.fullmatch(r"`(\w+)`", row[0]), row[1]) for row in rows())
    return {name[1]: cell for name, cell in found if name}


def links_of(cell: str) -> list[Path]:
    targets = dict(TARGET.findall(PAGE.read_text()))
    return [(PAGE.parent / targets[label]).resolve() for label in LINK.findall(cell)]


def test_every_feature_that_is_there_has_its_tests():
    """Links to files of tests that exist; no link where there is nothing to test."""
    for name, cell, *_ in rows():
        links = links_of(cell)
        assert bool(links) is (cell[0] in "YyP"), name
        for link in links:
            assert link.is_file(), f"{name}: {link} does not exist"
            assert link.is_relative_to(ROOT / "tests")
            assert "def test_" in link.read_text()


def test_every_feature_of_welcome_has_a_row(join):
    """And it says that the feature is there."""
    claims = claimed()
    roles = join().welcome["roles"]
    announced = [each for role in roles.values() for each in role["features"].items()]
    assert announced
    for feature, there in announced:
        assert there is True
        assert claims.get(feature, "")[:1] == "Y", feature


def test_cells_are_as_the_legend_has_them():
    """Five columns; whoever has a feature in part is told which part."""
    assert len(rows()) > 40
    for name, *cells in rows():
        assert len(cells) == 4, name
        for cell in cells[1:]:
            assert re.fullmatch(r"[YyN?]|P(: .+)?", cell), (name, cell)
