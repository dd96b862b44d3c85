"""The completion script of fish."""

from __future__ import annotations

from collections.abc import Iterator

from wsocket.cli.completed import CommandOption, Completed


def fish_script(commands: list[Completed]) -> Iterator[str]:
    """Its lines."""
    yield "# fish completion for wsocket"
    yield "complete -c wsocket -f"
    yield "complete -c wsocket -n __fish_use_subcommand -s h -l help -d 'show help'"
    yield "complete -c wsocket -n __fish_use_subcommand -l version -d 'show it'"
    for command in commands:
        about = f"-a {command.name} -d {_quoted(command.help)}"
        yield f"complete -c wsocket -n __fish_use_subcommand {about}"
    for command in commands:
        seen = f"complete -c wsocket -n '__fish_seen_subcommand_from {command.name}'"
        if command.words:
            yield f"{seen} -a '{' '.join(command.words)}'"
        for option in command.options:
            yield f"{seen} {_option(option)}"


def _option(option: CommandOption) -> str:
    parts = [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
        for name in option.names
    ]
    if option.is_file:
        parts.append("-r -F")
    elif option.takes_value:
        parts.append(f"-x -a '{' '.join(option.values)}'")
    return " ".join([*parts, "-d", _quoted(option.help)])


def _quoted(text: str) -> str:
    """The text in single quotes, as fish reads them."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
