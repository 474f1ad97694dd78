"""How to get what an optional part of hipkit needs; the one place that says so."""

from __future__ import annotations

__all__ = ["install_hint"]


def install_hint(extra: str) -> str:
    """Return what to type to install an extra.

    hipkit is on no package index: there its name may be anybody's, so nothing may send people
    to it. This is what the README says.
    """
    return f"pip install '.[{extra}]' in the folder of hipkit's source"
