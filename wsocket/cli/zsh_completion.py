"""The completion script of zsh."""

from __future__ import annotations

from collections.abc import Iterator

from wsocket.cli.completed import CommandOption, Completed


def zsh_script(commands: list[Completed]) -> Iterator[str]:
    """Its lines."""
    yield from (
        "#compdef wsocket",
        "_wsocket() {",
        "    local context state state_descr line",
        "    typeset -A opt_args",
        "    _arguments -C '(- *)'{-h,--help}'[show help]' \\",
        "        '(- *)--version[show it]' '1: :->command' '*:: :->arguments'",
        '    case "$state" in',
        "        command)",
        "            local -a commands=(",
    )
    for command in commands:
        yield f"                {_quoted(f'{command.name}:{command.help}')}"
    yield from (
        "            )",
        "            _describe command commands ;;",
        "        arguments)",
        '            case "$words[1]" in',
    )
    for command in commands:
        yield f"                {command.name})"
        specs = [_spec(option, name) for option, name in _by_name(command)]
        if command.words:
            specs.append(_quoted(f"1: :({' '.join(command.words)})"))
        yield f"                    _arguments {' '.join(specs)} ;;"
    yield from (
        "            esac ;;",
        "    esac",
        "}",
        "compdef _wsocket wsocket",
    )


def _by_name(command: Completed) -> Iterator[tuple[CommandOption, str]]:
    for option in command.options:
        for name in option.names:
            yield option, name


def _spec(option: CommandOption, name: str) -> str:
    text = option.help
    for special in "\\[]:":
        text = text.replace(special, f"\\{special}")
    spec = f"*{name}[{text}]"
    if option.is_file:
        spec += ":file:_files"
    elif option.takes_value:
        spec += f":value:({' '.join(option.values)})"
    return _quoted(spec)


def _quoted(text: str) -> str:
    """The text in single quotes, as zsh reads them."""
    return "'" + text.replace("'", "'\\''") + "'"
