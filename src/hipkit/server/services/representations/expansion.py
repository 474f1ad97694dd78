"""Title expansion: which short forms the caller wants in full (pure)."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Expansion", "expand_query"]

MOST_PATHS = 20


class Expansion:
    """The members named in `expand`; naming `items.owner` names `items` too."""

    def __init__(self, expand: Sequence[str] | None, at: str = "") -> None:
        self._paths: set[str] = set()
        for path in (expand or ())[:MOST_PATHS]:
            parts = path.strip().split(".")
            self._paths.update(
                ".".join(parts[: length + 1]) for length in range(len(parts))
            )
        self._at = at

    def __contains__(self, path: str) -> bool:
        return self._at + path in self._paths

    def below(self, member: str) -> Expansion:
        """Return what is wanted in full inside a member."""
        inner = Expansion(())
        inner._paths = self._paths
        inner._at = f"{self._at}{member}."
        return inner


def expand_query(expand: Sequence[str] | None) -> dict[str, str]:
    """Return the query by which a neighbouring page is expanded alike."""
    return {"expand": ",".join(expand)} if expand else {}
