"""A parser of command lines that says in one line what is wrong, and what was meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from wsocket.cli.streams import write_line
from wsocket.cli.terminal_width import columns
from wsocket.cli.usage import UsageError
from wsocket.core.checks import closest

# Words that are no options, as argparse sees it.
_NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")

# What people call the option for a secret, when they want to type the secret itself.
_SECRET = re.compile(r"pass|pw|secret|ticket|token|key|cra|scram|cryptosign")
_SECRET_FILES = re.compile(r"--[a-z-]+-(?:file|key)")


class CommandParser(argparse.ArgumentParser):
    """Parses the arguments of a command.

    Options are never abbreviated: ``--ticket`` would be ``--ticket-file``, and the
    ticket itself the name of a file.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            formatter_class=_formatter,  # argparse makes one for each argument
            allow_abbrev=False,
            add_help=False,  # it comes with the other arguments
            **settings,
        )

    def error(self, message: str) -> NoReturn:
        """Part of `argparse.ArgumentParser`.

        Raises:
            UsageError: Always.
        """
        said = message.removeprefix("argument ")
        link = " See" if said.endswith("?") else "; see"
        raise UsageError(f"{said}{link} `{self.prog} --help`")

    def parsed(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments in *words*; options may stand between them.

        Raises:
            UsageError: They are not what this command takes.
            SystemExit: They ask for help.
        """
        self._refuse_unknown(words)
        if not any(word.startswith("-") for word in words):
            return self.parse_args(words)
        # Before it looks for options between arguments argparse writes the usage, which
        # takes a millisecond.
        return self.parse_intermixed_args(words)

    def _print_message(self, message: str, file: object = None) -> None:
        """The help or the version; argparse ignores it if that cannot be written."""
        write_line(message.rstrip("\n"))

    def _refuse_unknown(self, words: Sequence[str]) -> None:
        """Argparse would show the values, too, and first say what else is missing."""
        for name in _options_in(words):
            # There is no public way to ask a parser for its options.
            if name not in self._option_string_actions:
                self.error(f"{name}: no such option{self._meant(name)}")

    def _meant(self, name: str) -> str:
        """What a user may do who has typed the unknown option *name*."""
        if not name.startswith("--"):
            return "; words that begin with - come after --"
        known = self._option_string_actions
        files = [each for each in known if _SECRET_FILES.fullmatch(each)]
        if "--ticket-file" in files and (word := _SECRET.search(name)):
            fit = [each for each in files if f"-{word[0]}" in each] or files
            options = " or ".join(f"{each} FILE" for each in fit)
            return f"; secrets come from files: {options}"
        return closest(name, known)


def _options_in(words: Sequence[str]) -> Iterator[str]:
    """The names of the options, without their values."""
    for word in words:
        if word == "--":
            return
        if len(word) < 2 or word[0] != "-" or " " in word or _NEGATIVE.fullmatch(word):
            continue
        yield word.partition("=")[0] if word.startswith("--") else word[:2]


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, width=columns() - 2)
