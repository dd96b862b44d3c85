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

# Valid values of options that are required.
_STAND_INS = {
    "authid": "example",
    "name": "example",
    "path": "/example",
    "role": "example",
    "secret": "an example of a secret",
    "ticket": "example",
    "token": "example",
    "uri": "com.example",
}


@dataclass
class Given:
    """The options of one table.

    Attributes:
        required: The names of those that there must be.
        values: Those that can be used.
        unusable: The names of the others, which the report has.
        written: How options are written that have another name in the file.
        is_complete: Whether all that are required can be used. Otherwise they have a
            value that stands in for them, so that the others can be checked.
    """

    required: Collection[str] = ()
    values: dict[str, Any] = field(default_factory=dict)
    unusable: set[str] = field(default_factory=set)
    written: dict[str, str] = field(default_factory=dict)
    is_complete: bool = True

    def stand_in(self, name: str) -> None:
        """Have another value in place of a required one, to check the others.

        Raises:
            Unusable: There is none.
        """
        if name not in _STAND_INS:
            raise Unusable
        self.is_complete = False
        self.values[name] = _STAND_INS[name]


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
        self._readers = {**own, **readers_of(options, leave_out=own)}
        self._secrets = secrets
        self._required = [name for name, each in options.items() if each.is_required]
        for name in secrets:
            self._readers |= secret_readers(name, self._readers[name])

    def given(self, node: Node) -> Given:
        """The options of a table. What is wrong with them is reported.

        Raises:
            Unusable: It is no table, or a required option is missing.
        """
        given = Given(self._required)
        if self._secrets and isinstance(node.value, str):
            node.refuse("expected a table, got text")  # which may be the secret
        for key in node.expect(dict, "a table"):
            self._take(node, key, given)
        for name in self._secrets:
            self._name_secret(node, name, given)
        self.require(node, given, self._required)
        return given

    def require(self, node: Node, given: Given, names: Collection[str]) -> None:
        """Report what a table must have and has not.

        Raises:
            Unusable: Something is missing, or cannot be used, and has no stand-in.
        """
        missing = [name for name in names if name not in given.values]
        for name in missing:
            if name not in given.unusable:
                forms = forms_of(name) if name in self._secrets else (name,)
                node.note(f"{' or '.join(forms)} is missing")
            given.unusable.add(name)
        for name in missing:
            given.stand_in(name)

    def _take(self, node: Node, key: str, given: Given) -> None:
        if key not in self._readers:
            node.of(key).note(f"unknown option; {self._advice(node, key)}")
            return
        try:
            given.values[key] = self._readers[key](node.of(key))
        except Unusable:
            given.unusable.add(key)

    def _advice(self, node: Node, key: str) -> str:
        """What may be meant by an option that such a table has not."""
        if key in node.report.homes:
            return f"it belongs in {node.report.homes[key]}"
        known = [name for name in self._readers if name not in self._secrets]
        return did_you_mean(key, known)

    def _name_secret(self, node: Node, name: str, given: Given) -> None:
        """Have a secret under its own name, however it was given."""
        form = chosen_form(node, name)
        if form in given.values:
            given.written[name] = form
            given.values[name] = given.values.pop(form)
        elif form is not None:
            given.unusable.add(name)


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


def make(node: Node, maker: Callable[..., _T], given: Given) -> _T:
    """Call *maker* with the options; what it refuses is reported.

    An option that it refuses is left out, and *maker* is called again, so that all of
    them are found.

    Raises:
        Unusable: It makes nothing of the options.
    """
    while True:
        try:
            made = maker(**given.values)
        except _REFUSALS as error:
            _take_out(node, given, str(error))
        else:
            if given.is_complete:
                return made
            raise Unusable


def without_name(message: str, name: str) -> str:
    """A message without the option's name at its beginning, which the path has."""
    return re.sub(rf"^(?:\w+\.)?{re.escape(name)}=?:? ", "", message)


def _take_out(node: Node, given: Given, message: str) -> None:
    """Report what was refused, and take it out of the options.

    Raises:
        Unusable: It is not the value of one option.
    """
    blamed = _blamed(message, given)
    if blamed is None:
        node.refuse(message)
    if blamed in given.unusable:  # it is about a default, or a value that stands in
        raise Unusable
    path = (*node.path, given.written.get(blamed, blamed))
    node.report.add(path, without_name(message, blamed))
    given.unusable.add(blamed)
    del given.values[blamed]
    if blamed in given.required:
        given.stand_in(blamed)


def _blamed(message: str, given: Given) -> str | None:
    """The option that a message is about: the first that it names, or shows."""
    names = {*given.values, *given.unusable}
    named = (word for word in re.findall(r"\w+", message) if word in names)
    shown = (name for name, value in given.values.items() if repr(value) in message)
    return next(named, None) or next(shown, None)
