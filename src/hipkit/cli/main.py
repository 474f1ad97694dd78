"""The entry point.

Nothing here needs the extra `cli`: without it, one line says what to install.
Read next: `commands.py`.
"""

from __future__ import annotations

import sys

from hipkit.version import VERSION

__all__ = ["main"]

EXTRA = ("click", "rich")


def main() -> None:
    """Run the command line and end the process with its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"] and _write_version():
        return  # Scripts ask for it at every start: nothing else is loaded for it.
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in EXTRA):
        sys.exit(_write_install_hint())
    try:
        from hipkit.cli.commands import run

        code = run(arguments)
    except KeyboardInterrupt:  # While modules are loaded, or for the second time.
        code = 130
    sys.exit(code)


def _write_version() -> bool:
    """Return whether the version could be written; if not, the command reports why."""
    try:
        print(f"hipkit {VERSION}", flush=True)  # noqa: T201 - `output.py` is not loaded
    except (OSError, ValueError):
        return False
    return sys.stdout is not None


def _write_install_hint() -> int:
    from hipkit.extras import install_hint

    if sys.stderr is not None:
        sys.stderr.write(
            f"hipkit: the command line requires the extra 'cli': {install_hint('cli')}\n"
        )
    return 2
