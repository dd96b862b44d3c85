"""Results as bar charts in SVG, which follow the reader's light or dark mode.

Pure: results in, text out. Every panel has its own scale, which starts at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from benchmarks.report import number
from benchmarks.scenarios import GROUPS

# Pixels.
WIDTH = 760
MARGIN = 16
NAME_WIDTH = 190
VALUE_WIDTH = 90
BAR_HEIGHT = 14
BAR_STEP = 22
TITLE_HEIGHT = 40
PANEL_TITLE_HEIGHT = 26
PANEL_GAP = 12
BAR_SPACE = WIDTH - 2 * MARGIN - NAME_WIDTH - VALUE_WIDTH

METRIC = "per_second"
OURS = "wsocket"

STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .panel { font-weight: 600 }
  .quiet { fill: #59636e }
  .paper { fill: #ffffff }
  .bar { fill: #a6b1bd }
  .ours { fill: #2563c9 }
  .range { stroke: #1f2328; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .paper { fill: #0d1117 }
    .bar { fill: #59636e }
    .ours { fill: #539bf5 }
    .range { stroke: #e6edf3 }
  }
"""


@dataclass(frozen=True)
class Bar:
    """One contender; `spread` has median, min and max."""

    name: str
    spread: dict[str, float]


@dataclass(frozen=True)
class Panel:
    """One scenario."""

    title: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        return PANEL_TITLE_HEIGHT + BAR_STEP * len(self.bars)


def plots(results: Sequence[dict[str, Any]]) -> dict[str, str]:
    """An SVG for each group that is plotted, by the group's name."""
    drawn = {}
    for name, group in GROUPS.items():
        in_group = [each for each in results if each["group"] == name]
        found = [panel(in_group, scenario=scenario) for scenario in group.plotted]
        panels = [each for each in found if each.bars]
        if panels:
            drawn[name] = draw(group.title, panels)
    return drawn


def panel(results: Sequence[dict[str, Any]], *, scenario: str) -> Panel:
    """The contenders of one scenario that did not fail."""
    bars = [
        Bar(each["contender"], each["metrics"][METRIC])
        for each in results
        if each["scenario"] == scenario and not each["error"]
    ]
    return Panel(scenario, bars)


def draw(title: str, panels: Sequence[Panel]) -> str:
    """One picture: the panels below each other."""
    height = TITLE_HEIGHT + sum(each.height + PANEL_GAP for each in panels) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>',
        f'<text class="title" x="{MARGIN}" y="28">{escape(title)} '
        '<tspan class="quiet" font-weight="400">a second, on one core; median, '
        "smallest and largest</tspan></text>",
    ]
    top = TITLE_HEIGHT
    for each in panels:
        parts += draw_panel(each, top=top)
        top += each.height + PANEL_GAP
    return "\n".join([*parts, "</svg>\n"])


def draw_panel(panel: Panel, *, top: int) -> list[str]:
    y = top + PANEL_TITLE_HEIGHT - 9
    parts = [f'<text class="panel" x="{MARGIN}" y="{y}">{escape(panel.title)}</text>']
    greatest = max(bar.spread["max"] for bar in panel.bars)
    for index, bar in enumerate(panel.bars):
        y = top + PANEL_TITLE_HEIGHT + index * BAR_STEP
        parts += draw_bar(bar, y, scale=BAR_SPACE / greatest)
    return parts


def draw_bar(bar: Bar, y: int, *, scale: float) -> list[str]:
    left = MARGIN + NAME_WIDTH
    low, middle, high = (bar.spread[key] * scale for key in ("min", "median", "max"))
    base, center = y + BAR_HEIGHT - 2, y + BAR_HEIGHT / 2
    kind = "bar ours" if bar.name.startswith(OURS) else "bar"
    return [
        f'<text x="{left - 10}" y="{base}" text-anchor="end">{escape(bar.name)}</text>',
        f'<rect class="{kind}" x="{left}" y="{y}" width="{max(middle, 1):.1f}" '
        f'height="{BAR_HEIGHT}" rx="2"/>',
        f'<path class="range" d="M{left + low:.1f} {center}H{left + high:.1f}"/>',
        f'<text class="quiet" x="{left + high + 8:.1f}" y="{base}">'
        f"{number(bar.spread['median'])}</text>",
    ]
