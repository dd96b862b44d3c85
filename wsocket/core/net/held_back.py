"""How a decoder says that it has more: what was read may be too much at once."""

from __future__ import annotations

from typing import Final


class HeldBack:
    """No frame: there is input that is decoded when what came before it is handled."""

    __slots__ = ()


HELD_BACK: Final = HeldBack()
