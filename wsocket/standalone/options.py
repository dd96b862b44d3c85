"""The options of a table, taken from what is made of them: a class or a function.

So an option that is new there can be configured without a word here.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Collection
from types import SimpleNamespace
from typing import Any, NamedTuple, get_type_hints

_SECTION = re.compile(r"^ *(?:Args|Attributes):\n((?: +.*\n|\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^( *)(\w+): (.*(?:\n\1 +.*)*)", re.MULTILINE)

REQUIRED = inspect.Parameter.empty


class Option(NamedTuple):
    """A setting.

    Attributes:
        annotation: Its type, such as ``int | None``, as the source has it.
        home: The names that the annotation may use.
        default: `REQUIRED` if there is none.
        text: What its docstring says, in one line; empty if that says nothing.
    """

    annotation: Any
    home: dict[str, Any]
    default: Any
    text: str

    @property
    def is_required(self) -> bool:
        """Whether there must be a value."""
        return self.default is REQUIRED

    @property
    def kind(self) -> Any:
        """Its type; None if the source names it for type checkers only."""
        holder: Any = SimpleNamespace(__annotations__={"kind": self.annotation})
        try:
            return get_type_hints(holder, globalns=self.home)["kind"]
        except NameError:
            return None


def options_of(
    maker: Callable[..., Any], *, leave_out: Collection[str] = ()
) -> dict[str, Option]:
    """The options of a class or function, by name.

    Args:
        leave_out: Parameters that a file cannot give.
    """
    texts = described(maker)
    options = {}
    for name, parameter in inspect.signature(maker).parameters.items():
        if name not in leave_out and parameter.kind is not parameter.VAR_KEYWORD:
            home = vars(sys.modules[_owner(maker, name).__module__])
            default = _default(parameter.default)
            options[name] = Option(
                parameter.annotation, home, default, texts.get(name, "")
            )
    return options


def described(maker: Callable[..., Any]) -> dict[str, str]:
    """What the docstrings say of each parameter, also those of base classes."""
    found: dict[str, str] = {}
    for each in getattr(maker, "__mro__", (maker,)):
        section = _SECTION.search(inspect.cleandoc(each.__doc__ or "") + "\n")
        for _, name, text in _ENTRY.findall(section[1] if section else ""):
            found.setdefault(name, " ".join(text.split()).replace("`", ""))
    return found


def _owner(maker: Callable[..., Any], name: str) -> Any:
    """The class, of a class and its bases, that has declared a parameter."""
    for each in getattr(maker, "__mro__", ()):
        if name in inspect.get_annotations(each):
            return each
    return maker


def _default(default: object) -> object:
    """Also the default of a field that has a factory, which the signature hides."""
    return () if type(default).__name__ == "_HAS_DEFAULT_FACTORY_CLASS" else default
