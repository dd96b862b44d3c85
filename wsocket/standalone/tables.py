"""Reads a table of options, and makes an object of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wsocket.standalone.nodes import Node, Read, Unusable, did_you_mean
from wsocket.standalone.options import Option, options_of
from wsocket.standalone.secret_options import chosen_form, forms_of, secret_readers
from wsocket.standalone.values import reader_of

_T = TypeVar("_T")

# What the constructors of settings raise: the last two where an extra is missing.
_REFUSALS = (TypeError, ValueError, RuntimeError, ImportError)


@dataclass
class Given:
    """The options of one table.

    Attributes:
        values: Those that can be used.
        unusable: The names of the others, which the report has.
        written: How options are written that have another name in the file.
    """

    values: dict[str, Any] = field(default_factory=dict)
    unusable: set[str] = field(default_factory=set)
    written: dict[str, str] = field(default_factory=dict)


class Table:
    """How the tables of one kind are read.

    Args:
        options: What such a table may have, if TOML has values for it.
        readers: Of options that have another form in the file, or none in *options*.
        secrets: The options that are secrets.
    """

    def __init__(
        self,
        options: Mapping[str, Option],
        *,
        readers: Mapping[str, Read] | None = None,
        secrets: Collection[str] = (),
    ) -> None:
        own = readers or {}
        read = {**readers_of(options, leave_out=own), **own}
        self._secrets = secrets
        self._required = [name for name, each in options.items() if each.is_required]
        self._readers = dict(read)
        for name in secrets:
            self._readers |= secret_readers(name, read[name])

    def given(self, node: Node) -> Given:
        """The options of a table. What is wrong with them is reported.

        Raises:
            Unusable: It is no table, or a required option is missing.
        """
        given = Given()
        for key in node.expect(dict, "a table"):
            self._take(node, key, given)
        for name in self._secrets:
            self._name_secret(node, name, given)
        self.require(node, given, self._required)
        return given

    def require(self, node: Node, given: Given, names: Collection[str]) -> None:
        """Report what a table must have and has not.

        Raises:
            Unusable: Something is missing, or cannot be used.
        """
        missing = [name for name in names if name not in given.values]
        for name in missing:
            if name not in given.unusable:
                forms = forms_of(name) if name in self._secrets else (name,)
                node.report.add(node.path, f"{' or '.join(forms)} is missing")
        if missing:
            raise Unusable

    def _take(self, node: Node, key: str, given: Given) -> None:
        if key not in self._readers:
            problem = f"unknown option; {did_you_mean(key, self._known())}"
            node.report.add((*node.path, key), problem)
            return
        try:
            given.values[key] = self._readers[key](node.of(key))
        except Unusable:
            given.unusable.add(key)

    def _known(self) -> list[str]:
        return [name for name in self._readers if name not in self._secrets]

    def _name_secret(self, node: Node, name: str, given: Given) -> None:
        """Have a secret under its own name, however it was given."""
        form = chosen_form(node, name)
        if form in given.values:
            given.written[name] = form
            given.values[name] = given.values.pop(form)
        elif form is not None:
            given.unusable.add(name)


def make(node: Node, maker: Callable[..., _T], given: Given) -> _T:
    """Call *maker* with the options; what it refuses is reported.

    An option that it refuses is left out, and *maker* is called again, so that all of
    them are found.

    Raises:
        Unusable: It makes nothing of the options.
    """
    values = dict(given.values)
    unusable = set(given.unusable)
    while True:
        try:
            return maker(**values)
        except _REFUSALS as error:
            message = str(error)
        blamed = _blamed(message, values, unusable)
        if (
            blamed in unusable
        ):  # the message is about its default, or that it is missing
            raise Unusable
        if blamed is None:
            node.refuse(message)
        path = (*node.path, given.written.get(blamed, blamed))
        node.report.add(path, _without_name(message, blamed))
        unusable.add(blamed)
        del values[blamed]


def readers_of(
    options: Mapping[str, Option], *, leave_out: Collection[str] = ()
) -> dict[str, Read]:
    """The readers of those options for which TOML has values."""
    readers = {
        name: reader_of(option.kind)
        for name, option in options.items()
        if name not in leave_out
    }
    return {name: read for name, read in readers.items() if read is not None}


def object_reader(
    maker: Callable[..., _T], readers: Mapping[str, Read] | None = None
) -> Callable[[Node], _T]:
    """A reader of tables whose options are the parameters of *maker*."""
    table = Table(options_of(maker), readers=readers)
    return lambda node: make(node, maker, table.given(node))


def _blamed(
    message: str, values: Mapping[str, Any], unusable: Collection[str]
) -> str | None:
    """The option that a message is about: the first that it names, or shows."""
    names = {*values, *unusable}
    named = (word for word in re.findall(r"\w+", message) if word in names)
    shown = (name for name, value in values.items() if repr(value) in message)
    return next(named, None) or next(shown, None)


def _without_name(message: str, name: str) -> str:
    """A message without the option's name at its beginning, which the path has."""
    return re.sub(rf"^(?:\w+\.)?{re.escape(name)}=?:? ", "", message)
