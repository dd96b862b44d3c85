"""``wsocket completion SHELL`` prints what makes a shell complete command lines.

The scripts are made from the parsers of the commands, so they know every option.
"""

from __future__ import annotations

import argparse
import sys

from wsocket.cli.bash_completion import bash_script
from wsocket.cli.completed import completed_commands
from wsocket.cli.fish_completion import fish_script
from wsocket.cli.zsh_completion import zsh_script

EXAMPLES = """\
examples:
  bash:  source <(wsocket completion bash)        in ~/.bashrc
  zsh:   source <(wsocket completion zsh)         in ~/.zshrc, after compinit
  fish:  wsocket completion fish | source         in ~/.config/fish/config.fish
"""

_SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket completion``."""
    parser.epilog = EXAMPLES
    parser.add_argument("shell", choices=list(_SCRIPTS), help="which shell it is for")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    lines = _SCRIPTS[options.shell](completed_commands())
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
