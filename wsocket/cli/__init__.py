"""The command ``wsocket``: one module for each of its commands."""

from wsocket.cli.command_line import main

__all__ = ["main"]
