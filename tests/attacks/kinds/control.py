"""What the figures are compared with."""

from __future__ import annotations

import time

from tests.attacks.attack import Target, attack


@attack()
def no_attack(target: Target) -> None:
    """Does nothing: what the others and the machine cost alone."""
    time.sleep(target.seconds)
