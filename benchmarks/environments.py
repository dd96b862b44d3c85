"""What must be built first: the load generator, wsocket as it would be installed, and
environments for contenders.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.contenders import Contender

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = HERE / ".cache"
LOAD_SOURCES = HERE / "load"
PACKAGE = CACHE / "package"
PACKAGE_SOURCES = ("wsocket", "setup.py", "pyproject.toml", "README.md", "LICENSE")
COMPILER_OPTIONS = ("-std=gnu11", "-O3", "-flto", "-Wall", "-Wextra")


class Unavailable(Exception):
    """A contender cannot be measured here; the message says why."""


def build_load_generator() -> Path:
    """Compile `wsload` if its sources are newer than the program.

    Raises:
        SystemExit: There is no C compiler, or it fails.
    """
    program = CACHE / "wsload"
    sources = sorted(LOAD_SOURCES.glob("*.[ch]"))
    newest = max(path.stat().st_mtime for path in sources)
    if program.exists() and program.stat().st_mtime >= newest:
        return program
    CACHE.mkdir(parents=True, exist_ok=True)
    compiler = os.environ.get("CC", "cc")
    if shutil.which(compiler) is None:
        sys.exit("benchmarks need a C compiler: install gcc, or set CC")
    inputs = [str(path) for path in sources if path.suffix == ".c"]
    # Whoever builds it at the same time finds the old one or a whole one.
    built = CACHE / f"wsload-{os.getpid()}"
    command = [compiler, *COMPILER_OPTIONS, "-o", str(built), *inputs]
    if subprocess.run(command).returncode:
        sys.exit("the load generator does not compile")
    return built.replace(program)


def build_package() -> None:
    """Install the wsocket of this tree, compiled, where `environment` finds it.

    Raises:
        SystemExit: It cannot be built; what pip says is shown.
    """
    files = sorted(package_files())
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
    stamp = PACKAGE / "sources.txt"  # written last
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    copy = CACHE / "sources"
    for folder in (copy, PACKAGE):
        shutil.rmtree(folder, ignore_errors=True)
    for path in files:
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    if subprocess.run([*command, "--target", str(PACKAGE), str(copy)]).returncode:
        sys.exit("wsocket itself cannot be built")
    if not list(PACKAGE.rglob("*__mypyc*")):
        sys.exit("wsocket was built, but not compiled: is there a C compiler?")
    stamp.write_text(digest.hexdigest())


def package_files() -> Iterator[Path]:
    """What wsocket is built from."""
    for name in PACKAGE_SOURCES:
        path = ROOT / name
        found = path.rglob("*") if path.is_dir() else [path]
        yield from (
            each
            for each in found
            if each.is_file() and each.suffix not in (".pyc", ".so")
        )


def python_for(contender: Contender) -> str:
    """The Python that has what *contender* requires, installed at the first use.

    Raises:
        Unavailable: It could not be installed.
    """
    if not contender.requires:
        return sys.executable
    folder = CACHE / "venvs" / contender.requires[-1]
    python = folder / "bin" / "python"
    stamp = folder / "installed.txt"  # written last
    wanted = "\n".join((sys.version, *contender.requires))
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, with_pip=True, clear=True)
        _install(python, contender.requires)
        stamp.write_text(wanted)
    return str(python)


def _install(python: Path, packages: Sequence[str]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", *packages]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["pip says nothing"]
        raise Unavailable(f"pip install {' '.join(packages)}: {lines[-1]}")


def versions_of(contender: Contender) -> dict[str, str]:
    """The versions that the report names, by package."""
    source = (
        "import importlib.metadata as m, json, sys;"
        "print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
    )
    if not contender.versions:
        return {}
    command = [python_for(contender), "-c", source, *contender.versions]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def environment() -> dict[str, str]:
    """The environment of servers: the wsocket that `build_package` made, whatever is
    installed.
    """
    return {**os.environ, "PYTHONPATH": f"{PACKAGE}{os.pathsep}{ROOT}"}
