"""Install the wheel and the sdist of a folder, each in an environment that has nothing
else and no compiler, and try what was installed.

    make wheel
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

CHECK = Path(__file__).with_name("check_installed.py")
# Where to look for what wheels need, and for certificates.
URLS = {"Source", "Documentation", "Changelog", "Issues"}
RELATIVE_LINK = re.compile(r"\]\((?!https?:|#)([^)]*)\)")
KEPT = ("PIP_", "SSL_", "REQUESTS_", "HTTP_", "HTTPS_", "NO_PROXY", "http", "no_proxy")


def main() -> None:
    """Try both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("folder", type=Path, help="where they are")
    folder = parser.parse_args().folder.resolve()
    [wheel] = folder.glob("wsocket-*.whl")
    [sdist] = folder.glob("wsocket-*.tar.gz")
    check_contents(wheel, sdist)
    print(f"== {wheel.name}, without a compiler", flush=True)
    try_out(wheel, "--only-binary=:all:")
    print(f"== {sdist.name}, without a compiler: it stays interpreted", flush=True)
    try_out(sdist, "--only-binary=gevent,msgspec", check=["--interpreted"])


def check_contents(wheel: Path, sdist: Path) -> None:
    """The wheel has the package alone; the sdist has what builds it."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
        check_page(wheel.name, BytesParser().parsebytes(archive.read(metadata)))
    strange = [
        name
        for name in names
        if not name.startswith(("wsocket/", "wsocket-")) and "__mypyc" not in name
    ]
    if strange or "wsocket/py.typed" not in names:
        sys.exit(f"{wheel.name}: expected the package and py.typed, got {strange}")
    with tarfile.open(sdist) as tar:
        sources = {name.partition("/")[2] for name in tar.getnames()}
    missing = {"LICENSE", "README.md", "setup.py", "pyproject.toml"} - sources
    if missing:
        sys.exit(f"{sdist.name}: these files are missing: {sorted(missing)}")


def check_page(name: str, metadata: Message) -> None:
    """What the package index shows leads somewhere."""
    urls = dict(each.split(", ", 1) for each in metadata.get_all("Project-URL", []))
    if urls.keys() != URLS:
        sys.exit(f"{name}: Project-URL: expected {sorted(URLS)}, got {sorted(urls)}")
    text = metadata.get_payload(decode=True).decode()
    if (
        metadata["Description-Content-Type"] != "text/markdown"
        or "# wsocket" not in text
    ):
        sys.exit(f"{name}: README.md is not its description")
    if relative := RELATIVE_LINK.findall(text):
        sys.exit(f"{name}: expected absolute links in the description, got {relative}")


def try_out(dist: Path, only_binary: str, *, check: list[str] | None = None) -> None:
    """Install it in an environment of its own, and run the check in an empty folder."""
    with tempfile.TemporaryDirectory() as place:
        environment = Path(place, "environment")
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        empty = Path(place, "empty")
        empty.mkdir()
        wanted = f"{dist}[client]"
        pip = ("-m", "pip", "install", "--quiet", only_binary, wanted)
        for arguments in (pip, (str(CHECK), *(check or ()))):
            subprocess.run([python, *arguments], cwd=empty, env=environ(), check=True)


def environ() -> dict[str, str]:
    """No compiler can be found, nor a package of this folder."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    home = os.environ.get("HOME", "/")
    return {**kept, "PATH": "/nowhere", "HOME": home, "CC": "/bin/false"}


if __name__ == "__main__":
    main()
