"""The program under callgrind: it warms up each piece of work, then counts it."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402 - gevent has to patch first
import secrets  # noqa: E402
import sys  # noqa: E402
from random import Random  # noqa: E402

import instruction_counter  # noqa: E402 - compiled from counter.c

from benchmarks.instructions.driven.application import make_app  # noqa: E402
from benchmarks.instructions.driven.lockstep import World  # noqa: E402
from benchmarks.instructions.driven.work import ALL, Work  # noqa: E402

WARM_UP = 160  # operations


def main() -> None:
    # gevent runs callbacks for this long before it looks at sockets again.
    sys.setswitchinterval(1e6)
    secrets.token_bytes = Random(0).randbytes  # the IDs that routers draw
    world = World(make_app(), instruction_counter.toggle)
    for kind in ALL:
        count(kind, world)


def count(kind: type[Work], world: World) -> None:
    """Do the work; callgrind writes a file with its name."""
    work = kind(world)
    work.run(WARM_UP)
    # A collection costs millions, and one object more or less could bring one more.
    gc.collect()
    gc.freeze()
    gc.disable()
    instruction_counter.start()
    work.run(work.operations)
    instruction_counter.dump(f"{work.operations:,} {work.name}")
    instruction_counter.stop()
    gc.enable()


main()
