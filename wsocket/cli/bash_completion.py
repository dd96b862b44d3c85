"""The completion script of bash."""

from __future__ import annotations

from collections.abc import Iterator

from wsocket.cli.completed import Completed


def bash_script(commands: list[Completed]) -> Iterator[str]:
    """Its lines."""
    names = " ".join(command.name for command in commands)
    yield from (
        "# bash completion for wsocket",
        "_wsocket() {",
        '    local word="${COMP_WORDS[COMP_CWORD]}" before="" command="" place',
        '    [ "$COMP_CWORD" -gt 0 ] && before="${COMP_WORDS[COMP_CWORD-1]}"',
        "    # --option=value comes as three words.",
        '    [ "$word" = "=" ] && word=""',
        '    [ "$before" = "=" ] && before="${COMP_WORDS[COMP_CWORD-2]}"',
        "    for ((place = 1; place < COMP_CWORD; place++)); do",
        '        case "${COMP_WORDS[place]}" in',
        "            -*) ;;",
        '            *) command="${COMP_WORDS[place]}"; break ;;',
        "        esac",
        "    done",
        "    COMPREPLY=()",
        '    case "$command $before" in',
    )
    for command in commands:
        yield from _values(command)
    yield from ("    esac", '    case "$command" in', '        "")')
    yield _words(f"{names} --help --version") + " ;;"
    for command in commands:
        known = [name for option in command.options for name in option.names]
        yield f"        {command.name})"
        yield _words(" ".join([*command.words, *known])) + " ;;"
    yield from ("    esac", "}", "complete -F _wsocket wsocket")


def _values(command: Completed) -> Iterator[str]:
    """What can stand behind the options of a command."""
    for option in command.options:
        if not option.takes_value:
            continue
        patterns = [f'"{command.name} {name}"' for name in option.names]
        yield f"        {' | '.join(patterns)})"
        if option.is_file:
            yield "            local IFS=$'\\n'; compopt -o filenames"
            yield '            COMPREPLY=($(compgen -f -- "$word"))'
        elif option.values:
            yield _words(" ".join(option.values))
        yield "            return ;;"


def _words(words: str) -> str:
    return f"            COMPREPLY=($(compgen -W '{words}' -- \"$word\"))"
