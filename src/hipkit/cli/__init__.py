"""The command `hipkit`: `main.py` starts it, `commands.py` lists its commands."""

from hipkit.cli.main import main

__all__ = ["main"]
