"""``wsocket completion SHELL`` prints what makes a shell complete command lines.

The scripts are made from the parsers of the commands, so they know every option.
"""

from __future__ import annotations

import argparse

from wsocket.cli import usage
from wsocket.cli.bash_completion import bash_script
from wsocket.cli.completed import completed_commands
from wsocket.cli.fish_completion import fish_script
from wsocket.cli.streams import write_line
from wsocket.cli.zsh_completion import zsh_script

EXAMPLES = """\
exit status:
  0 success, 2 a wrong command line

examples:
  source <(wsocket completion bash)    # in ~/.bashrc
  source <(wsocket completion zsh)     # in ~/.zshrc, after compinit
  wsocket completion fish | source     # in ~/.config/fish/config.fish
"""

_SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket completion``."""
    parser.epilog = EXAMPLES
    parser.add_argument(
        "shell",
        metavar="SHELL",
        choices=list(_SCRIPTS),
        help=f"which one it is for: {', '.join(_SCRIPTS)}",
    )
    usage.add_debug(parser)


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    write_line("\n".join(_SCRIPTS[options.shell](completed_commands())))
    return 0
