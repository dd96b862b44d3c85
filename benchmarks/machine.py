"""Where and with what the figures were made."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

from benchmarks.contenders import Contender
from benchmarks.environments import ROOT, Unavailable, versions_of


def machine() -> dict[str, str]:
    """The machine and its system."""
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory_gib():.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "commit": commit(),
    }


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()


def memory_gib() -> float:
    pages = os.sysconf("SC_PHYS_PAGES")
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**30


def commit() -> str:
    """The commit that is measured, with ``-dirty`` if there were changes."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def versions(contenders: Iterable[Contender]) -> dict[str, str]:
    """The versions of all packages that are measured."""
    found: dict[str, str] = {}
    for contender in contenders:
        try:
            found.update(versions_of(contender))
        except Unavailable as problem:
            found[contender.name] = f"not installed: {problem}"
    return found
