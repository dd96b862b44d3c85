"""Check the wsocket that this Python has installed, as somebody would who has just
installed it: with nothing else of the project.

    python tools/check_installed.py                # a wheel: it must be compiled
    python tools/check_installed.py --interpreted  # installed where nothing compiles

Run it in an empty folder, in an environment that has `wsocket[client]` and no more.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

APP = """
from wsocket import WSocketApp

app = WSocketApp(protocol="WAMP")


@app.register("com.example.add")
def add(a, b):
    return a + b
"""

# What `wsocket doctor` calls the modules that are compiled.
COMPILED = ("router", "frames in C", "sockets in C", "payloads in C")

PATIENCE = 60  # seconds for each command
PROJECT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Check one thing after the other, and end with 1 at the first that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--interpreted", action="store_true")
    compiled = not parser.parse_args().interpreted
    check_place()
    check_version()
    check_doctor(compiled=compiled)
    check_call()
    print("wsocket works as it was installed")


def check_place() -> None:
    """It is the installed package that is imported, with its types."""
    spec = importlib.util.find_spec("wsocket")
    expect("wsocket is installed", spec is not None and spec.origin is not None)
    assert spec is not None  # for mypy
    assert spec.origin is not None
    place = Path(spec.origin).parent
    expect(f"{place} is not the project", place != PROJECT / "wsocket")
    expect("py.typed is there", (place / "py.typed").is_file())


def check_version() -> None:
    """The command knows the version that pip knows."""
    expected = f"wsocket {metadata.version('wsocket')}\n"
    expect(f"the version is {expected!r}", wsocket("--version") == expected)


def check_doctor(*, compiled: bool) -> None:
    """Nothing is broken, and modules are what they should be."""
    found = map(json.loads, wsocket("doctor", "--json").splitlines())
    values = {each["name"]: each["value"] for each in found}
    for name in COMPILED:
        expected = "compiled" if compiled else "interpreted"
        expect(f"{name}: {values[name]}", values[name] == expected)


def check_call() -> None:
    """A server that runs an application, and a client that calls it."""
    Path("app.py").write_text(APP)
    command = [sys.executable, "-m", "wsocket", "run", "app:app", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None  # it is a pipe
            url = server.stdout.readline().split()[-1].replace("http", "ws")
            printed = wsocket("call", url, "com.example.add", "2", "3")
            expect("the call of 2 + 3 prints 5", printed == "5\n")
        finally:
            server.terminate()  # and the pipe is closed
    expect("the server ends with 0", server.returncode == 0)


def wsocket(*arguments: str) -> str:
    """What a command prints, which must end with 0."""
    command = [sys.executable, "-m", "wsocket", *arguments]
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=PATIENCE
    ).stdout


def expect(promise: str, holds: bool) -> None:
    """Say that it holds, or end."""
    print(f"{'ok' if holds else 'WRONG'}: {promise}", flush=True)
    if not holds:
        sys.exit(1)


if __name__ == "__main__":
    main()
