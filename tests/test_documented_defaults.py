"""The defaults in the lists of docs/wamp.md are those of the code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from wsocket import Limits
from wsocket.wamp.router.config import Realm, Remember

PAGE = Path(__file__).resolve().parent.parent / "docs" / "wamp.md"
ROW = re.compile(r"^\* (`[^:]*`) \((\d[^)]*)\):", re.MULTILINE)
SETTING = re.compile(r"\b([a-z_]+)(?:`|=[,)])")  # `name`, or name= in a call
UNITS = {"": 1, "s": 1, "MiB": 2**20}


def number(text: str) -> float:
    """``16 MiB`` and the like; seconds as they are."""
    digits, _, unit = text.partition(" ")
    return float(digits.replace(",", "")) * UNITS[unit]


DOCUMENTED = {
    name: number(text)
    for names, texts in ROW.findall(PAGE.read_text())
    for name, text in zip(SETTING.findall(names), texts.split("; "), strict=True)
}
DEFAULTS = {
    name: parameter.default
    for kind in (Limits, Realm, Remember)
    for name, parameter in inspect.signature(kind).parameters.items()
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_documented_default_is_that_of_the_code(name):
    """Who relies on the page knows what a client may cost."""
    assert DEFAULTS[name] == DOCUMENTED[name]


def test_every_limit_of_a_connection_is_documented():
    """So none of their defaults changes unseen."""
    assert set(inspect.signature(Limits).parameters) <= set(DOCUMENTED)
