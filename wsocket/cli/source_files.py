"""The files that a program was loaded from, and whether they have changed since."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from types import TracebackType

# Of a file: when it was written (nanoseconds), its size, its number in the file system.
# An editor may write a new file within the same tick of the clock.
Stamp = tuple[int, int, int]

# Installed packages are not edited, and there are thousands of files of them.
_INSTALLED = tuple(
    os.path.join(path, "")
    for path in {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    | {sysconfig.get_path(name) for name in ("purelib", "platlib")}
)


def stamp(path: str) -> Stamp | None:
    """What tells two versions of a file apart; None if there is no such file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def stamps(paths: Iterable[str]) -> dict[str, Stamp]:
    """The stamps of those files that are there."""
    return {path: found for path in paths if (found := stamp(path))}


def changed(known: dict[str, Stamp]) -> str | None:
    """A file that is another one now; None if there is none.

    A file that is gone is not reported: an editor may be about to write it again.
    """
    for path, before in known.items():
        now = stamp(path)
        if now is not None and now != before:
            return path
    return None


def loaded_files() -> set[str]:
    """Where the modules come from that are imported, without installed packages."""
    modules = list(sys.modules.values())
    return _ours(getattr(module, "__file__", None) for module in modules)


def files_of(error: BaseException) -> set[str]:
    """Files that may have to be mended after an import has failed with *error*.

    That are those of the traceback, one that is no Python, and their folders and the
    current one: a file may be missing.
    """
    named: list[str | None] = []
    step: BaseException | None = error
    while step is not None:
        named += _traced(step.__traceback__)
        if isinstance(step, SyntaxError):
            named.append(step.filename)
        step = step.__cause__ or step.__context__
    files = _ours(named)
    return files | {os.path.dirname(path) for path in files} | {os.getcwd()}


def _traced(trace: TracebackType | None) -> list[str | None]:
    found: list[str | None] = []
    while trace is not None:
        found.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    return found


def _ours(paths: Iterable[str | None]) -> set[str]:
    """Those that are files, and not of installed packages."""
    absolute = {os.path.abspath(path) for path in paths if path}
    return {
        path
        for path in absolute
        if not path.startswith(_INSTALLED) and os.path.isfile(path)
    }
