"""Advice on paths that no operation has: what the program's address should be (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hipkit.api.suggestions import closest
from hipkit.server.page.formatting import code
from hipkit.v1 import catalog as v1
from hipkit.v2 import catalog as v2

__all__ = ["advice_on_path", "misspelt_path", "version_of"]

LONGEST_SEGMENT = 100
"""A longer one is no misspelt word of a path."""


def version_of(target: str) -> str:
    """Return the first segment of a path, which is the API's version if all is well."""
    return _segments(target)[0]


def advice_on_path(target: str) -> str:
    """Return what is wrong with a path that belongs to no operation.

    Args:
        target: The path as it came, with or without a query.
    """
    version, *rest = _segments(target)
    if version not in VERSIONS:
        return _wrong_version(version, rest)
    first = rest[0] if rest else ""
    if first in VERSIONS:
        return _two_versions(version, rest)
    if (version, first) in OTHER_VERSION:
        return _other_version(version, rest)
    return misspelt_path(target) or (
        "No operation has this path. Compare it with the API's documentation: a slash or a space"
        " in a name has to be escaped, as `%2F` or `%20`."
    )


def misspelt_path(target: str) -> str | None:
    """Return a question with the operation's path that resembles this one; `None` without one.

    Args:
        target: The path as it came. The server may have taken it for another operation's: a
            room's name may hold a slash.
    """
    version, *rest = _segments(target)
    near = _near_path(version, rest) if version in VERSIONS else None
    if near is None or near == _path(version, *rest):
        return None
    return f"No operation has this path. Did you mean {code(near)}?"


def _segments(target: str) -> list[str]:
    """Return the parts of a path, without empty ones; at least one."""
    path = target.partition("?")[0]
    return [part for part in path.split("/") if part] or [""]


def _path(*segments: str) -> str:
    return "/" + "/".join(segments)


def _two_versions(version: str, rest: list[str]) -> str:
    while rest[1:] and rest[1] in VERSIONS:
        rest = rest[1:]
    path, doubled = _path(*rest), code(f"/{version}")
    meant = f" What was meant is {code(path)}." if _is_of_operation(path) else ""
    if rest[0] == version:
        return (
            f"{doubled} stands twice: leave it out of the program's address, as the program"
            f" adds it itself.{meant}"
        )
    return f"The path has two versions: leave {doubled} out of the program's address.{meant}"


def _other_version(version: str, rest: list[str]) -> str:
    path = _operation_path(*rest)
    if path is not None:
        return f"No operation has this path. Send this to {code(path)}."
    return (
        f"No operation has this path. Paths with {code(f'/{rest[0]}/')} are of the API's"
        f" other version, {code('/' + OTHER_VERSION[version, rest[0]])}."
    )


def _operation_path(first: str, *others: str) -> str | None:
    """Return the path that an operation has, whose first word may be in the wrong number."""
    singular = first.removesuffix("s") if first in ("rooms", "users") else first
    plural = f"{singular}s" if singular in ("room", "user") else first
    # Version 1 has no names in its paths, so that what fits there was meant for it.
    for path in (_path("v1", plural, *others), _path("v2", singular, *others)):
        if _is_of_operation(path):
            return path
    return None


def _is_of_operation(path: str) -> bool:
    version, *rest = _segments(path)
    return _near_path(version, rest) == path


def _wrong_version(version: str, rest: list[str]) -> str:
    found = next((one for one in rest if one in VERSIONS), None)
    if found is not None:
        path = _path(*rest[rest.index(found) :])
        return (
            f"The path has something before {code('/' + found)}: send this to {code(path)},"
            " or have a proxy remove it."
        )
    if re.fullmatch(r"(?i)v[0-9.]+", version):
        return f"There is no version {code(version)}: the API has the versions `/v2` and `/v1`."
    lacks = (
        "The path lacks the version: the API is below `/v2`, the first one below `/v1`."
    )
    meant = _operation_path(version, *rest)
    return lacks if meant is None else f"{lacks} Send this to {code(meant)}."


def _near_path(version: str, rest: Sequence[str]) -> str | None:
    """Return the path of an operation that resembles another one, with its names and ids."""
    templates = [
        segments
        for entry in OPERATIONS[version]
        if len(segments := _segments(entry.path)) == len(rest)
    ]
    meant = []
    for place, segment in enumerate(rest):
        words = {one[place] for one in templates if not _is_name(one[place])}
        is_known = segment in words or any(_is_name(one[place]) for one in templates)
        near = None if is_known else closest(segment[:LONGEST_SEGMENT], sorted(words))
        word = segment if is_known else near
        if word is None:
            return None
        templates = [
            one
            for one in templates
            if one[place] == word or (word not in words and _is_name(one[place]))
        ]
        meant.append(word)
    return _path(version, *meant) if meant else None


def _is_name(segment: str) -> bool:
    """Return whether a template has a name or an id there, and not a word."""
    return segment.startswith("{")


VERSIONS = ("v1", "v2")

OPERATIONS = {"v1": v1.OPERATIONS, "v2": v2.OPERATIONS}

OTHER_VERSION = {
    ("v2", "rooms"): "v1",
    ("v2", "users"): "v1",
    ("v1", "room"): "v2",
    ("v1", "user"): "v2",
}
"""The version that a path belongs to, by the one that it has and its next segment."""
