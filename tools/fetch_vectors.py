"""Get the WAMP specification's test vectors, for tests/wamp/protocol/test_vectors.py.

They are in the source distribution of autobahn-python, whole, and no part of this
repository. pip brings it; what is kept is the folder of the vectors.

    python tools/fetch_vectors.py .vectors/.fetched

makes `.vectors/testsuite`, and touches the stamp last. With a folder in the environment
variable WAMP_VECTORS the tests read that one, and nothing is fetched. Without a network
the gap is announced; with CI=true it is an error.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

VERSION = "26.10.2"
SHA256 = "6c69fca89106567060941c5568e67a5369738813d883db4e3d62b76f0a2c497e"
INSIDE = PurePosixPath(f"autobahn-{VERSION}/.proto/testsuite")


def download(folder: Path) -> Path:
    """Let pip fetch the source distribution into *folder*, and check what came.

    Raises:
        subprocess.CalledProcessError: pip failed, and has said why.
        ValueError: It is not the file that it was when this was written.
    """
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    # Only files are wanted, and nothing runs: an older Python will do.
    anyhow = ["--ignore-requires-python", "--no-binary", "autobahn"]
    what = ["--dest", str(folder), f"autobahn=={VERSION}"]
    subprocess.run([*pip, *anyhow, *what], check=True)
    archive = folder / f"autobahn-{VERSION}.tar.gz"
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise ValueError(f"{archive.name}: expected SHA-256 {SHA256}, got {found}")
    return archive


def unpack(archive: Path, folder: Path) -> None:
    """Put the JSON files of the vectors into *folder*, and nothing else."""
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if INSIDE not in path.parents or path.suffix != ".json":
                continue
            content = tar.extractfile(member)
            assert content is not None, f"{member.name} is no file"
            target = folder / path.relative_to(INSIDE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


def fetch(stamp: Path) -> None:
    """Make the folder ``testsuite`` beside *stamp*, then *stamp*."""
    testsuite = stamp.parent / "testsuite"
    with tempfile.TemporaryDirectory() as name:
        archive = download(Path(name))
        shutil.rmtree(testsuite, ignore_errors=True)
        unpack(archive, testsuite)
    stamp.touch()


def main() -> int:
    if os.environ.get("WAMP_VECTORS"):
        return 0
    print("== Fetching the WAMP specification's test vectors")
    try:
        fetch(Path(sys.argv[1]))
    except subprocess.CalledProcessError as error:
        print(f"The WAMP test vectors cannot be had: {error}", file=sys.stderr)
        return int(os.environ.get("CI") == "true")
    return 0


if __name__ == "__main__":
    sys.exit(main())
