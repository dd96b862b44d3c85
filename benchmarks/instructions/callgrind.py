"""Runs the work under callgrind, and reads what callgrind has counted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "build" / "instructions"
COUNTER = Path(__file__).parent / "driven" / "counter.c"

# program: Debian package
PROGRAMS = {"valgrind": "valgrind", "setarch": "util-linux", "cc": "build-essential"}

UNDER_CALLGRIND = (
    *("setarch", "-R"),  # the same addresses each time
    *("valgrind", "--tool=callgrind", "--quiet"),
    *("--instr-atstart=no", "--collect-atstart=no"),  # the work says when
    "--callgrind-out-file=counted",
)

# Without these, glibc copies memory on every x86-64 with the same code (SSE2).
PLAIN_CPU = "-AVX2,-AVX,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM"

NAME = re.compile(r"^desc: Trigger: Client Request: (.+)$", re.MULTILINE)
TOTAL = re.compile(r"^totals: (\d+)$", re.MULTILINE)


def count(package: Path) -> dict[str, int]:
    """Instructions of each piece of work, done by the wsocket in the folder *package*.

    Raises:
        SystemExit: Something is missing, or the work fails; the message says what to
            do.
    """
    check_programs()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    compile_counter()
    run(package)
    return dict(read(path.read_text()) for path in sorted(FOLDER.glob("counted.*")))


def check_programs() -> None:
    """Exit if a program is missing."""
    missing = [each for each in PROGRAMS if shutil.which(each) is None]
    if missing:
        packages = " ".join(PROGRAMS[each] for each in missing)
        sys.exit(
            f"{', '.join(missing)} not found; on Debian, as root: "
            f"apt-get install {packages}"
        )


def compile_counter() -> None:
    """Make the extension module through which the work talks to callgrind."""
    headers = sysconfig.get_path("include")
    target = FOLDER / "instruction_counter.so"
    command = ["cc", "-O2", "-Wall", "-shared", "-fPIC", f"-I{headers}"]
    if subprocess.run([*command, "-o", str(target), str(COUNTER)]).returncode:
        sys.exit(
            f"{COUNTER.name} does not compile: it needs the headers of Python "
            "(python3-dev) and of valgrind"
        )


def run(package: Path) -> None:
    """Do the work; callgrind leaves a file for each piece of it in `FOLDER`.

    A rehearsal comes first. It writes the ``.pyc`` files that are missing: compiling
    modules would leave another layout of memory than reading them.
    """
    work = [sys.executable, "-m", "benchmarks.instructions.driven"]
    for command in (work, [*UNDER_CALLGRIND, *work]):
        if subprocess.run(command, cwd=FOLDER, env=environment(package)).returncode:
            sys.exit("the work that is counted has failed; the reason is above")


def environment(package: Path) -> Mapping[str, str]:
    """Little, and the same everywhere: the environment is a part of the memory."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONHASHSEED": "0",
        "GLIBC_TUNABLES": f"glibc.cpu.hwcaps={PLAIN_CPU}",
        "PYTHONPATH": f"{package}{os.pathsep}{ROOT}",
    }


def read(text: str) -> tuple[str, int]:
    """The name and the count in one of callgrind's files.

    Raises:
        ValueError: It is no such file.
    """
    name, total = NAME.search(text), TOTAL.search(text)
    if name is None or total is None:
        raise ValueError(f"not a count of callgrind: {text[:200]!r}")
    return name[1], int(total[1])
