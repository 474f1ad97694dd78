"""The command line `hipkit`: `main.py` is the entry point, `commands.py` the table of commands."""

from hipkit.cli.main import main

__all__ = ["main"]
