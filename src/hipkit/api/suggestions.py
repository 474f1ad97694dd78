"""Suggest the known name that a misspelt one resembles (pure)."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["closest", "did_you_mean"]


def did_you_mean(name: str, known: Iterable[str], *, prefix: str = "") -> str:
    """Return `, did you mean X?` with the known name that resembles `name` most.

    Args:
        name: The unknown name, in any case, with `-` or `_` between its words.
        known: The existing names.
        prefix: What stands before a name where it is used, such as `--`.

    Returns:
        The question; `.` if no name is close.
    """
    found = closest(name, known)
    return f", did you mean {prefix}{found}?" if found is not None else "."


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that resembles `name` most; `None` if none is close.

    Args:
        name: The unknown name, in any case, with `-` or `_` between its words.
        known: The existing names.
    """
    from difflib import get_close_matches  # Slow to import and rarely needed.

    spelled = {_plain(each): each for each in known}
    found = get_close_matches(_plain(name), spelled, 1)
    return spelled[found[0]] if found else None


def _plain(name: str) -> str:
    return name.replace("_", "-").casefold()
