"""The attacker: ``python -m tests.attacks.attacker HOST PORT RAWSOCKET SIZE NAME``.

SIZE is full or small. What the server refuses or closes ends an attack early, and that
is well: the exit status is 0, and the last line says so.
"""

from __future__ import annotations

import sys
from contextlib import closing

from tests.attacks.attack import Target
from tests.attacks.kinds import ATTACKS


def main(host: str, port: str, rawsocket: str, size: str, name: str) -> None:
    small = size == "small"
    with closing(Target(host, int(port), int(rawsocket), small=small)) as target:
        try:
            ATTACKS[name].run(target)
        except (OSError, TimeoutError) as error:
            print(f"stopped by the server: {error}"[:200])


if __name__ == "__main__":
    main(*sys.argv[1:])
