"""Run the C files under AddressSanitizer and UndefinedBehaviorSanitizer.

They are built into a copy of the repository, build/sanitized, and there their unit
tests run, and the fuzz targets over their corpus. Any report ends the process.

Leaks are not looked for by the sanitizer: CPython itself leaves much behind when it
ends. Instead, tests/fuzz/test_leaks.py counts what is allocated.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "sanitized"
PARTS = ["wsocket", "tests", "setup.py", "pyproject.toml", "README.md", "LICENSE"]
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
TESTS = [
    "tests/core/net/test_socket_io.py",
    "tests/core/websocket/test_unmasking.py",
    "tests/core/websocket/test_frames.py",
    "tests/wamp/serializers/test_payload_parts.py",
    "tests/wamp/serializers/test_weights.py",
    "tests/fuzz/test_corpus.py",
    "tests/fuzz/test_leaks.py",
    "tests/fuzz/test_regressions.py",
]
REPORTS = "report"  # the begin of the names of files with what the sanitizers say

# An error that only a sanitizer notices: it reads beyond what was allocated.
PLANTED = """
import ctypes
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
block = c.malloc(8)
ctypes.memmove(ctypes.create_string_buffer(64), block, 9)
"""


def build(compiler: str) -> None:
    """Make the copy, with its C files built for the sanitizers."""
    shutil.rmtree(COPY, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PARTS],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        target = COPY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    environment = {
        **os.environ,
        "CC": compiler,
        "CFLAGS": f"{FLAGS} -g -O1",
        "LDFLAGS": FLAGS,
        "WSOCKET_PURE": "1",  # what mypyc writes is not ours
    }
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    subprocess.run(command, cwd=COPY, check=True, env=environment)
    built = sorted(path.name.partition(".")[0] for path in COPY.glob("wsocket/**/*.so"))
    sources = sorted(path.stem for path in COPY.glob("wsocket/**/_*.c"))
    if built != sources:
        sys.exit(f"built {built}, expected {sources}")


def library(compiler: str, name: str) -> str:
    """Where the compiler has a library of the sanitizers."""
    command = [compiler, f"-print-file-name={name}"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    path = found.stdout.strip()
    if not os.path.isabs(path):
        sys.exit(f"{compiler} has no {name}: install the sanitizers of GCC")
    return str(Path(path).resolve())


def environment(compiler: str) -> dict[str, str]:
    """What a process needs to be sanitized, although Python itself is not."""
    log = f"log_path={COPY / REPORTS}"
    preloaded = [library(compiler, name) for name in ("libasan.so", "libubsan.so")]
    return {
        **os.environ,
        "LD_PRELOAD": " ".join(preloaded),
        "ASAN_OPTIONS": f"{log}:detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": f"{log}:print_stacktrace=1:halt_on_error=1",
        "PYTHONMALLOC": "malloc",  # each object is a block that is watched
        "PYTHONPATH": str(COPY),
    }


def take_reports() -> str:
    """What the sanitizers have said since the last time."""
    said = ""
    for path in COPY.glob(f"{REPORTS}.*"):
        said += path.read_text(errors="replace")
        path.unlink()
    return said


def check_that_errors_are_noticed(sanitized: dict[str, str]) -> None:
    """Nothing is proved by sanitizers that are not there."""
    subprocess.run([sys.executable, "-c", PLANTED], env=sanitized, check=False)
    if "AddressSanitizer: heap-buffer-overflow" not in take_reports():
        sys.exit("the sanitizers have overlooked an error that was made for them")


def main() -> int:
    """Build, and run the tests; their exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tests", nargs="*", default=TESTS)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    compiler = os.environ.get("CC", "gcc")
    build(compiler)
    sanitized = environment(compiler)
    check_that_errors_are_noticed(sanitized)
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow"]
    command += ["-n", str(options.workers), "--timeout=300", *options.tests]
    status = subprocess.run(command, cwd=COPY, env=sanitized, check=False).returncode
    if said := take_reports():
        sys.exit(said)
    return status


if __name__ == "__main__":
    sys.exit(main())
