"""Secrets: in a file or a variable of the environment, never in the configuration.

A configuration is copied, committed and shown to others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from wsocket.standalone.nodes import Node, Read, Unusable


def forms_of(name: str) -> tuple[str, str]:
    """The options that give the secret *name*."""
    return f"{name}_file", f"{name}_env"


def secret_readers(name: str, read: Read) -> dict[str, Read]:
    """The readers of the options of a secret, and one that refuses the secret itself.

    Args:
        read: Makes of the text what the option is for.
    """
    in_file, in_environment = forms_of(name)

    def refuse(node: Node) -> None:
        node.refuse(
            "a secret must not stand in this file; put it in a file of its own and "
            f'write {in_file} = "PATH", or {in_environment} = "NAME" for a variable of '
            "the environment"
        )

    return {
        name: refuse,
        in_file: lambda node: read(_from_file(node)),
        in_environment: lambda node: read(_from_environment(node)),
    }


def chosen_form(node: Node, name: str) -> str | None:
    """The option by which a table gives the secret, if it gives it.

    Raises:
        Unusable: It does so twice.
    """
    given = [form for form in forms_of(name) if form in node.value]
    if len(given) > 1:
        node.report.add(
            (*node.path, given[1]), f"there is {given[0]} already; keep one"
        )
        raise Unusable
    return given[0] if given else None


def _from_file(node: Node) -> Node:
    path = node.outside.path(node.expect(str, "the path of a file"))
    secret = _taken(node, node.outside.secret_of_file, path)
    if warning := node.outside.exposure(path):
        node.warn(warning)
    return secret


def _from_environment(node: Node) -> Node:
    name = node.expect(str, "the name of a variable")
    return _taken(node, node.outside.secret_of_variable, name)


def _taken(node: Node, take: Callable[[str], str], name: str) -> Node:
    """The secret, as if it stood in the file."""
    try:
        return replace(node, value=take(name))
    except ValueError as error:
        node.refuse(str(error))
