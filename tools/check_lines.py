"""No line of code or Markdown that we wrote is above 100 columns.

python tools/check_lines.py [FILE ...]: the files, or all that git knows.

In Markdown a line may be longer if it cannot be broken: if it is one URL, one image or
one link. In Python ruff's limit of 88 columns comes first; here are the comments that
it lets pass, and everything that is not Python.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

WIDTH = 100
FRAGMENT_WIDTH = WIDTH - 2  # towncrier makes an item of a list of it
SUFFIXES = {".c", ".css", ".h", ".html", ".js", ".md", ".mjs", ".py", ".pyi", ".sh"}
NAMES = {"Makefile", "run"}  # `run` is .ci/run, a shell script
UNBREAKABLE = re.compile(
    r"""\s* (?: [*-] \s+ | \[ [^]]+ ]: \s+ )?  # in a list; where a link's target stands
    (?: <? https?:// \S+                       # a URL
      | \[? ! \[ [^]]* ] \( \S+ \) (?: ] \( \S+ \) )?  # an image, or a badge
      | \[ [^]]+ ] \( \S+ \)                   # a link
    )""",
    re.VERBOSE,
)


def files() -> list[Path]:
    """Every file in the repository, new ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    return [path for path in map(Path, listed.stdout.splitlines()) if path.is_file()]


def is_checked(path: Path) -> bool:
    return path.suffix in SUFFIXES or path.name in NAMES


def limit(path: Path) -> int:
    """The number of columns a line of this file may have."""
    return FRAGMENT_WIDTH if path.name.startswith("+") else WIDTH


def too_long(path: Path) -> Iterator[str]:
    """One complaint for each line."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if len(line) <= limit(path):
            continue
        if path.suffix == ".md" and UNBREAKABLE.fullmatch(line):
            continue
        yield f"{path}:{number}: {len(line)} columns, at most {limit(path)}"


def main(names: list[str]) -> int:
    paths = [Path(name) for name in names] or list(filter(is_checked, files()))
    complaints = [complaint for path in paths for complaint in too_long(path)]
    print(*complaints, sep="\n", end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
