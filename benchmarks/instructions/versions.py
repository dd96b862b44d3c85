"""What the counts depend on, besides the package: who interprets and who compiles."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version

PACKAGES = ("gevent", "greenlet", "msgspec", "mypy", "setuptools")


def interpreter() -> str:
    """Which of the kept counts are ours: each Python runs other instructions."""
    major, minor, _ = platform.python_version_tuple()
    name = platform.python_implementation()
    return f"{name} {major}.{minor} {platform.machine()}"


def versions() -> dict[str, str]:
    """The versions that may explain why counts differ."""
    return {
        "python": f"{platform.python_version()} ({platform.python_compiler()})",
        "libc": " ".join(platform.libc_ver()),
        "cc": first_line("cc", "--version"),
        "valgrind": first_line("valgrind", "--version"),
        **{name: version(name) for name in PACKAGES},
    }


def first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.partition("\n")[0]
