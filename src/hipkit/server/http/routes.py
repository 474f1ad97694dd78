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
"""Methods that do harm where the path is shorter than the one that was meant."""

LONGEST_NAME = 100
"""Of a room, in a path."""
ROOM = "room"
"""The segment before a name that may hold slashes which its sender did not encode."""


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


_Found = tuple[_Node, tuple[str, ...]]
"""A node, and the arguments on the path to it."""


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
        node, values = self._find_node(method, raw_path)
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
        return self._find_node(method, raw_path)[0].entries

    def _find_node(self, method: str, raw_path: bytes) -> _Found:
        segments = _decode(raw_path)
        if method in REPLACING and self._is_cut_short(raw_path):
            raise NotFoundError("Not found: a part of the path is empty")
        found = _find(self._root, segments) or self._find_joined(method, segments)
        if found is None:
            raise NotFoundError("Not found: no method of the API has this path")
        return found

    def _find_joined(self, method: str, segments: list[str]) -> _Found | None:
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
            found = _find(self._root, [ROOM, name, *segments[end:]])
            if found is not None:
                return found
        return None

    def _is_cut_short(self, raw_path: bytes) -> bool:
        """Return whether dropping empty segments could mean a shorter path than was meant.

        Slashes before the first segment do no harm. One at the end does none where no path
        goes on: `DELETE /room/ops/` may have lacked the name of one of the room's parts.
        """
        meant = raw_path.lstrip(b"/")
        if b"//" in meant:
            return True
        if not meant.endswith(b"/"):
            return False
        found = _find(self._root, _decode(b"/" + meant))
        return found is not None and bool(found[0].literals or found[0].argument)


def _step(node: _Node, segment: str) -> _Node:
    if segment.startswith("{"):
        node.argument = node.argument or _Node()
        return node.argument
    return node.literals.setdefault(segment, _Node())


def _find(root: _Node, segments: list[str]) -> _Found | None:
    """Walk down, literals before arguments; return the node, and the arguments passed."""
    waiting: list[tuple[_Node, int, tuple[str, ...]]] = [(root, 0, ())]
    while waiting:
        node, place, values = waiting.pop()
        if place == len(segments):
            if node.entries:
                return node, values
            continue
        segment = segments[place]
        if node.argument is not None:
            waiting.append((node.argument, place + 1, (*values, segment)))
        literal = node.literals.get(segment)
        if literal is not None:
            waiting.append((literal, place + 1, values))
    return None


@cache
def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _decode(raw_path: bytes) -> list[str]:
    """Return the segments of a path that are not empty."""
    raw = filter(None, raw_path.split(b"/")[1:])
    try:
        segments = [unquote_to_bytes(segment).decode() for segment in raw]
    except UnicodeDecodeError as error:
        raise BadRequestError("The path is not UTF-8") from error
    if b"\0" in raw_path or b"%00" in raw_path:
        raise BadRequestError("The path holds a NUL character")
    return segments
