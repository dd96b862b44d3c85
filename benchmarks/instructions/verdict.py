"""Counted beside kept: a table, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TOLERANCE = 0.05
UPDATE = "make instructions ARGS=--update"


@dataclass(frozen=True)
class Row:
    """One piece of work; None where it was not counted, or is not kept."""

    name: str
    counted: int | None
    kept: int | None

    @property
    def ratio(self) -> float | None:
        """1 means: as many instructions as are kept."""
        if self.counted is None or self.kept is None:
            return None
        return self.counted / self.kept

    @property
    def problem(self) -> str | None:
        """Why this fails, and what to do."""
        if self.counted is None:
            return f"{self.name}: kept, but not counted any more; run {UPDATE}"
        if self.ratio is None:
            return f"{self.name}: counted, but not kept; run {UPDATE}"
        if self.ratio > 1 + TOLERANCE:
            return (
                f"{self.name}: {self.ratio - 1:.1%} more instructions than are kept; "
                f"make it cheaper, or accept that with {UPDATE}"
            )
        return None

    @property
    def advice(self) -> str | None:
        """What to do although this passes."""
        if self.ratio is not None and self.ratio < 1 - TOLERANCE:
            return (
                f"{self.name}: {1 - self.ratio:.1%} fewer instructions than are kept; "
                f"keep the new count with {UPDATE}"
            )
        return None


def compare(counted: Mapping[str, int], kept: Mapping[str, int]) -> list[Row]:
    """Every row that is counted or kept."""
    return [
        Row(name, counted.get(name), kept.get(name))
        for name in dict.fromkeys((*counted, *kept))
    ]


def table(rows: list[Row]) -> str:
    """For whoever waits."""
    width = max(len(row.name) for row in rows)
    lines = [f"{'':{width}}  {'counted':>13}  {'kept':>13}  ratio"]
    for row in rows:
        ratio = "-" if row.ratio is None else f"{row.ratio:.3f}"
        lines.append(
            f"{row.name:{width}}  {_number(row.counted)}  {_number(row.kept)}  {ratio}"
        )
    return "\n".join(lines)


def _number(count: int | None) -> str:
    return f"{'-' if count is None else f'{count:,}':>13}"


def differences(now: Mapping[str, str], kept: Mapping[str, str]) -> Iterator[str]:
    """What is another version than when the counts were kept."""
    for name in dict.fromkeys((*kept, *now)):
        ours, theirs = now.get(name, "none"), kept.get(name, "none")
        if ours != theirs:
            yield f"{name}: {ours}; the counts were kept with {theirs}"
