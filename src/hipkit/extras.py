"""Installation hints for the optional parts of hipkit, in one place."""

from __future__ import annotations

__all__ = ["install_hint"]


def install_hint(extra: str) -> str:
    """Return the command that installs an extra, as in the README.

    hipkit is not on a package index, where its name may belong to anybody: a hint must not lead
    there.
    """
    return f"pip install '.[{extra}]' in the folder of hipkit's source"
