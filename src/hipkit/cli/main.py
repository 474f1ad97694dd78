"""The entry point.

Nothing here needs the extra `cli`: without it, one line says what to install.
Read next: `commands.py`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from hipkit.extras import install_hint

__all__ = ["main"]

EXTRA = ("click", "rich")


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if any(find_spec(name) is None for name in EXTRA):
        sys.exit(_write_install_hint())
    try:
        from hipkit.cli.commands import run
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(run(sys.argv[1:]))


def _write_install_hint() -> int:
    if sys.stderr is not None:
        sys.stderr.write(
            f"hipkit: the command line requires the extra 'cli': {install_hint('cli')}\n"
        )
    return 2
