"""Draw docs/images/architecture.svg: the packages, and who imports whom.

python tools/picture.py           writes it
python tools/picture.py --check   ends with 1 if it is not what would be written

The imports are read from the source. Each package stands in the row above everything
that it imports. An arrow that follows from others is left out: a -> c beside
a -> b -> c. So are the arrows to modules like `errors`, which import nothing and which
everybody may import; they are the bar below.
"""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from package_graph import PACKAGE, Packages, arrows, read_packages, rows

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/images/architecture.svg"


# --- Places --------------------------------------------------------------------------

BOX_WIDTH, GAP, ROW_GAP, MARGIN = 180, 22, 48, 24
TITLE_HEIGHT, LINE_HEIGHT, PADDING = 20, 14, 8
WAY_WIDTH = 12  # where an arrow passes a row
SWEEPS = 12


@dataclass(eq=False)
class Item:
    """A box, or the place where an arrow passes a row that it does not end in."""

    name: str
    row: int
    column: str
    lines: list[str] = field(default_factory=list)
    is_box: bool = True
    x: float = 0.0  # its middle
    y: float = 0.0  # its upper edge
    bottom: float = 0.0

    @property
    def width(self) -> int:
        return BOX_WIDTH if self.is_box else WAY_WIDTH

    @property
    def height(self) -> int:
        return TITLE_HEIGHT + LINE_HEIGHT * len(self.lines) + 2 * PADDING


def column_of(name: str) -> str:
    """What stands side by side: the packages `core` and `wamp`, and the rest."""
    top = name.partition(".")[0]
    return top if top in ("core", "wamp") else ""


class Drawing:
    """Boxes and arrows, with their places."""

    def __init__(self, packages: Packages) -> None:
        base = {
            name
            for name, uses in packages.imports.items()
            if not uses and "." not in name and not packages.members[name]
        }
        self.base = sorted(base)
        graph = {
            name: uses - base
            for name, uses in packages.imports.items()
            if name not in base
        }
        self.boxes = {
            name: Item(name, row, column_of(name), lines_of(packages.members[name]))
            for name, row in sorted(rows(graph).items())
        }
        self.ways = [self._way(*arrow) for arrow in arrows(graph)]
        self.grid = self._grid()
        self._place()

    def _way(self, importer: str, target: str) -> list[Item]:
        """The items that an arrow connects, from the importer down."""
        start, end = self.boxes[importer], self.boxes[target]
        between = [
            Item("", row, end.column, is_box=False)
            for row in range(start.row - 1, end.row, -1)
        ]
        return [start, *between, end]

    def _grid(self) -> dict[tuple[int, str], list[Item]]:
        """(row, column) -> its items from left to right."""
        grid: dict[tuple[int, str], list[Item]] = {}
        passed = (item for way in self.ways for item in way[1:-1])
        for item in [*self.boxes.values(), *passed]:
            grid.setdefault((item.row, item.column), []).append(item)
        return grid

    def _place(self) -> None:
        names = ["core", "wamp"]
        self.widths = {
            name: max(
                [row_width(cell) for (_, c), cell in self.grid.items() if c == name],
                default=0,
            )
            for name in names
        }
        left = MARGIN + GAP
        self.lefts = {}
        for name in names:
            self.lefts[name] = left
            left += self.widths[name] + 3 * GAP
        self.width = left - GAP + MARGIN
        self._place_rows()
        for cell in self.grid.values():
            spread(cell, self._middle(cell[0].column))
        for sweep in range(SWEEPS):
            keys = sorted(self.grid, reverse=bool(sweep % 2))
            for key in keys:
                self._arrange(key)

    def _place_rows(self) -> None:
        y: float = MARGIN
        for row in sorted({item.row for item in self.boxes.values()}, reverse=True):
            boxes = [box for box in self.boxes.values() if box.row == row]
            height = max(box.height for box in boxes)
            for items in (self.grid.get((row, c), []) for c in ("", "core", "wamp")):
                for item in items:
                    item.bottom = y + height
                    item.y = item.bottom - (item.height if item.is_box else height)
            y += height + ROW_GAP
        self.bottom = y - ROW_GAP + GAP

    def _middle(self, column: str) -> float:
        if column == "":
            return self.width / 2
        return self.lefts[column] + self.widths[column] / 2

    def _arrange(self, key: tuple[int, str]) -> None:
        """The order in one cell of the grid that makes the arrows shortest."""
        cell, middle = self.grid[key], self._middle(key[1])
        orders = list(itertools.islice(itertools.permutations(cell), 5040))

        def cost(order: tuple[Item, ...]) -> float:
            spread(order, middle)
            return sum(
                abs(upper.x - lower.x)
                for way in self.ways
                for upper, lower in itertools.pairwise(way)
                if upper in cell or lower in cell
            )

        best = min(orders, key=cost)
        self.grid[key] = list(best)
        spread(best, middle)


def lines_of(members: list[str]) -> list[str]:
    return textwrap.wrap(", ".join(members), 27, break_long_words=False)


def row_width(items: Iterable[Item]) -> int:
    return sum(item.width + GAP for item in items) - GAP


def spread(items: Iterable[Item], middle: float) -> None:
    """Side by side, around the *middle*."""
    items = list(items)
    left = middle - row_width(items) / 2
    for item in items:
        item.x = left + item.width / 2
        left += item.width + GAP


# --- SVG -----------------------------------------------------------------------------

STYLE = """
  text { font: 12px "DejaVu Sans", Verdana, sans-serif; fill: #1f2933; }
  .title { font-weight: bold; font-size: 13px; }
  .members { font-size: 11px; fill: #52606d; }
  .frame { font-weight: bold; font-size: 15px; fill: #7b8794; }
  .arrow { fill: none; stroke: #7b8794; stroke-width: 1.3; marker-end: url(#head); }
"""
COLOURS = {
    "core": ("#e3f0fb", "#4a90c2"),
    "wamp": ("#e5f4e3", "#5a9e55"),
    "": ("#f4f1ea", "#a39b8b"),
}
LEGEND = "imports (what follows from other arrows is left out); all may import the bar"


def svg(drawing: Drawing) -> str:
    """The whole picture."""
    bar = drawing.bottom + GAP
    height = bar + 44 + 2 * GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width}" '
        f'height="{height}" viewBox="0 0 {drawing.width} {height}">',
        "<title>The packages of wsocket, and which imports which</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#7b8794"/>'
        "</marker></defs>",
        f'<rect width="{drawing.width}" height="{height}" fill="#ffffff"/>',
        *(frame(drawing, name) for name in drawing.lefts if drawing.widths[name]),
        *(arrow(way) for way in drawing.ways),
        *(box(item) for item in drawing.boxes.values()),
        base_bar(drawing, bar),
        f'<path class="arrow" d="M{MARGIN} {bar + 70:g}h40"/>',
        text(LEGEND, MARGIN + 50, bar + 74),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def text(words: str, x: float, y: float, *, style: str = "", anchor: str = "") -> str:
    attributes = f' class="{style}"' if style else ""
    attributes += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(words)}</text>'


def rectangle(
    x: float, y: float, width: float, height: float, *, fill: str, edge: str
) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" '
        f'fill="{fill}" stroke="{edge}"/>'
    )


def frame(drawing: Drawing, name: str) -> str:
    """Around the packages of a column."""
    items = [item for item in drawing.boxes.values() if item.column == name]
    top = min(item.y for item in items) - 2 * GAP + 6
    bottom = max(item.y + item.height for item in items) + GAP
    left = drawing.lefts[name] - GAP
    width = drawing.widths[name] + 2 * GAP
    shape = rectangle(left, top, width, bottom - top, fill="#fbfcfd", edge="#d5dbe1")
    return shape + text(f"{name}/", left + 10, top + 20, style="frame")


def box(item: Item) -> str:
    """A package: its name, and its modules."""
    fill, edge = COLOURS[item.column]
    left = item.x - item.width / 2
    parts = [rectangle(left, item.y, item.width, item.height, fill=fill, edge=edge)]
    baseline = item.y + PADDING + 12
    parts.append(text(label(item), item.x, baseline, style="title", anchor="middle"))
    for line in item.lines:
        baseline += LINE_HEIGHT
        parts.append(text(line, item.x, baseline, style="members", anchor="middle"))
    return "".join(parts)


def label(item: Item) -> str:
    """The name of a package below its frame."""
    if item.name == PACKAGE:
        return "__init__ (public names)"
    if item.name == item.column:
        return f"{item.name}/*.py"
    return item.name.removeprefix(f"{item.column}.").replace(".", "/")


def base_bar(drawing: Drawing, y: float) -> str:
    """The modules that import nothing."""
    fill, edge = COLOURS[""]
    width = drawing.width - 2 * MARGIN
    shape = rectangle(MARGIN, y, width, 44, fill=fill, edge=edge)
    names = ", ".join(drawing.base)
    middle = drawing.width / 2
    return shape + text(names, middle, y + 27, style="title", anchor="middle")


def arrow(way: list[Item]) -> str:
    """A curve from the lower edge of the importer to the upper edge of its target."""
    start, *between, end = way
    x, y = port(start, way), start.bottom
    path = f"M{x:g} {y:g}"
    for item in between:
        path += f"{curve(x, y, item.x, item.y)}V{item.bottom:g}"
        x, y = item.x, item.bottom
    path += curve(x, y, port(end, way), end.y - 1)
    return f'<path class="arrow" d="{path}"/>'


def curve(x: float, y: float, next_x: float, next_y: float) -> str:
    """To the next point; it leaves and arrives upright."""
    half = (y + next_y) / 2
    return f"C{x:g} {half:g} {next_x:g} {half:g} {next_x:g} {next_y:g}"


def port(box: Item, way: list[Item]) -> float:
    """Where on its edge an arrow leaves or reaches a box: towards where it goes."""
    other = way[1] if box is way[0] else way[-2]
    reach = box.width / 2 - 16
    return box.x + max(-reach, min(reach, (other.x - box.x) / 3))


def main(arguments: list[str]) -> int:
    made = svg(Drawing(read_packages(ROOT)))
    if "--check" not in arguments:
        PICTURE.write_text(made)
        return 0
    if PICTURE.exists() and PICTURE.read_text() == made:
        return 0
    print(f"{PICTURE.relative_to(ROOT)} is not up to date; run `make picture`")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
