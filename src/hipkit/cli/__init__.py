"""The command `hipkit`: `main.py` starts it, `commands.py` is what it can do."""

from hipkit.cli.main import main

__all__ = ["main"]
