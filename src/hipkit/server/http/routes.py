"""Finds the operation that a raw path means, by the table of operations (pure).

The path is split before it is decoded, so that an encoded `/` stays inside its segment, and
`..` is a name like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote_to_bytes

from hipkit.api.catalog import Entry
from hipkit.api.errors import ApiError, BadRequestError, NotFoundError

__all__ = ["Match", "MethodNotAllowedError", "Router"]

REPLACING = frozenset({"PUT", "DELETE", "PATCH"})
"""Methods that do harm on a shorter path than the one that was meant."""

LONGEST_NAME = 100
"""Of a room, in a path."""
ROOM = "room"
"""What stands before a name that may hold slashes which its sender did not encode."""


class MethodNotAllowedError(ApiError):
    """The path is there, but not with this method."""

    default_status = 405

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = tuple(sorted(allowed))
        super().__init__(
            f"Method not allowed; this path takes {', '.join(self.allowed)}"
        )


@dataclass(frozen=True, slots=True)
class Match:
    """An operation, and the arguments that the path gave it."""

    entry: Entry
    arguments: Mapping[str, str]


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    argument: _Node | None = None
    entries: dict[str, Entry] = field(default_factory=dict)


class Router:
    """A tree of path segments with operations at its leaves."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._root = _Node()
        for entry in entries:
            node = self._root
            for segment in entry.path.strip("/").split("/"):
                node = _step(node, segment)
            for method in (entry.method, *entry.also):
                node.entries[method] = entry

    def match(self, method: str, raw_path: bytes) -> Match:
        """Return the operation for a path below the API's base; `HEAD` means `GET`.

        Raises:
            NotFoundError: No operation has this path.
            MethodNotAllowedError: Operations have it, but with other methods.
            BadRequestError: It is not UTF-8.
        """
        method = "GET" if method == "HEAD" else method
        values: list[str] = []
        node = self._find_node(method, raw_path, values)
        entry = node.entries.get(method)
        if entry is None:
            raise MethodNotAllowedError(node.entries)
        return Match(entry, dict(zip(_names(entry.path), values, strict=True)))

    def methods(self, method: str, raw_path: bytes) -> Iterable[str]:
        """Return the methods that a path takes, where one of them is about to be sent.

        Raises:
            NotFoundError: No operation has this path.
            BadRequestError: It is not UTF-8.
        """
        return self._find_node(method, raw_path, []).entries

    def _find_node(self, method: str, raw_path: bytes, values: list[str]) -> _Node:
        """Find the path's place in the tree; `values` are the arguments passed."""
        raw = raw_path.split(b"/")[1:]
        segments = [_decode(segment) for segment in raw if segment]
        if method in REPLACING and self._is_cut_short(raw):
            raise NotFoundError("Not found: a part of the path is empty")
        node = _find(self._root, segments, 0, values)
        if node is None:
            node = self._find_joined(method, segments, values)
        if node is None:
            raise NotFoundError("Not found: no method of the API has this path")
        return node

    def _find_joined(
        self, method: str, segments: list[str], values: list[str]
    ) -> _Node | None:
        """Find the path of a room whose name holds slashes: as little as possible is the name.

        Nothing is deleted by it, and a room's settings are not replaced: the path may as well
        be a mistaken one of a part of another room.
        """
        if method == "DELETE" or segments[:1] != [ROOM]:
            return None
        shortest_rest = 1 if method in REPLACING else 0
        for end in range(3, len(segments) - shortest_rest + 1):
            name = "/".join(segments[1:end])
            if len(name) > LONGEST_NAME:
                # Each further length would cost another walk, and a path has room for thousands.
                break
            node = _find(self._root, [ROOM, name, *segments[end:]], 0, values)
            if node is not None:
                return node
        return None

    def _is_cut_short(self, raw: list[bytes]) -> bool:
        """Say whether dropping empty segments could mean a shorter path than was meant.

        Slashes before the first segment do no harm. One at the end does none where no path
        goes on: `DELETE /room/ops/` may have lacked the name of one of the room's parts.
        """
        meant = raw[next((n for n, part in enumerate(raw) if part), len(raw)) :]
        if b"" in meant[:-1]:
            return True
        if not meant or meant[-1]:
            return False
        node = _find(self._root, [_decode(part) for part in meant[:-1]], 0, [])
        return node is not None and bool(node.literals or node.argument)


def _step(node: _Node, segment: str) -> _Node:
    if segment.startswith("{"):
        node.argument = node.argument or _Node()
        return node.argument
    return node.literals.setdefault(segment, _Node())


def _find(
    node: _Node, segments: list[str], place: int, values: list[str]
) -> _Node | None:
    """Walk down, words of the API before arguments; `values` are the arguments passed."""
    if place == len(segments):
        return node if node.entries else None
    segment = segments[place]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _find(literal, segments, place + 1, values)
        if found is not None:
            return found
    if node.argument is not None:
        values.append(segment)
        found = _find(node.argument, segments, place + 1, values)
        if found is not None:
            return found
        values.pop()
    return None


@cache
def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _decode(segment: bytes) -> str:
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError as error:
        raise BadRequestError("The path is not UTF-8") from error
    if "\0" in text:
        raise BadRequestError("The path holds a NUL character")
    return text
