"""Where users are found: in a table, or by a callable of the application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from wsocket.core.checks import check_callable, refuse_type
from wsocket.wamp.auth.base import (
    AuthRequest,
    Identity,
    Principal,
    application_code,
    check_authid,
)

_T = TypeVar("_T")

Parse = Callable[[str, object], _T]
"""``parse(name, value)`` returns a checked value, or raises TypeError or ValueError."""


def instance_of(kind: type[_T]) -> Parse[_T]:
    """Accept objects of this class only."""

    def parse(name: str, value: object) -> _T:
        if not isinstance(value, kind):
            refuse_type(name, f"a {kind.__name__}", value)
        return value

    return parse


def authid_key(name: str, key: object) -> str:
    """Check a key that is an authid."""
    check_authid(name, key)
    return str(key)


class Directory(Generic[_T]):
    """Finds the user, or users, of a client.

    Args:
        source: A table, or a callable that takes the `AuthRequest` and returns None for
            a stranger. A table is copied.
        name: The argument's name, for error messages.
        parse: Checks a value of the table, or a result of the callable.
        parse_key: Checks a key of the table, and returns its canonical form.

    Raises:
        TypeError, ValueError: *source* is neither, or an entry is invalid.
    """

    def __init__(
        self,
        source: Mapping[str, Any] | Callable[[AuthRequest], Any],
        *,
        name: str,
        parse: Parse[_T],
        parse_key: Parse[str] = authid_key,
    ) -> None:
        self._name = name
        self._parse = parse
        self._table: dict[str, _T] | None = None
        self._function: Callable[[AuthRequest], Any] | None = None
        if isinstance(source, Mapping):
            self._table = {}
            for key, value in source.items():
                self._add(key, value, parse_key)
        else:
            check_callable(
                name,
                source,
                expected="a mapping or a callable",
                parameters=("request",),
            )
            self._function = source

    def _add(self, key: object, value: object, parse_key: Parse[str]) -> None:
        assert self._table is not None
        parsed = parse_key(f"{self._name}, a key", key)
        if parsed in self._table:
            raise ValueError(f"{self._name}: more than one entry for {parsed!r}")
        self._table[parsed] = self._parse(f"{self._name}[{key!r}]", value)

    @property
    def provider(self) -> str:
        """The default authprovider."""
        return "dynamic" if self._table is None else "static"

    @property
    def roles(self) -> frozenset[str]:
        """The roles of the users in the table; none for a callable."""
        return frozenset(
            user.role
            for entry in (self._table or {}).values()
            for user in (entry if isinstance(entry, tuple) else (entry,))
            if isinstance(user, Principal)
        )

    def to_imitate(self, decoy: _T | None, *, name: str, default: _T) -> list[_T]:
        """What the challenge of a stranger may look like.

        Args:
            decoy: What the application chose; None for what the table holds.
            name: The argument's name, for error messages.
            default: For a callable, or an empty table.
        """
        if decoy is not None:
            return [self._parse(name, decoy)]
        return list(self._table.values()) if self._table else [default]

    def find(self, key: str, request: AuthRequest) -> _T | None:
        """Look *key* up, or call the callable with *request*.

        Raises:
            Denied: The callable failed, or raised it itself.
        """
        if self._table is not None:
            return self._table.get(key)
        assert self._function is not None
        with application_code(f"the callable in {self._name}"):
            found = self._function(request)
            if found is None:
                return None
            return self._parse("its result", found)

    def identity(
        self,
        authid: str,
        principal: Principal,
        *,
        extra: Mapping[str, Any] | None = None,
    ) -> Identity:
        """The identity of *principal*; *extra* is added to its authextra."""
        return Identity(
            authid,
            principal.role,
            principal.provider or self.provider,
            {**principal.extra, **(extra or {})},
        )
