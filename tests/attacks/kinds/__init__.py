"""The attacks, a file for each family. All of them are in `ATTACKS`."""

from tests.attacks.attack import ATTACKS
from tests.attacks.kinds import (
    control,
    handlers,
    http,
    keeping,
    login,
    longpoll,
    matching,
    memory,
    plain,
    rawsocket,
    serializers,
    turns,
    workers,
)

FAMILIES = (
    *(control, memory, turns, serializers, matching, workers, login),
    *(longpoll, rawsocket, plain, handlers, http, keeping),
)

__all__ = ["ATTACKS", "FAMILIES"]
