"""What a check finds, and where a document has what checks look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from hipkit.descriptors.document import place_of
from hipkit.descriptors.faults import Fault

__all__ = [
    "Finding",
    "Path",
    "error",
    "member",
    "modules",
    "quoted",
    "warning",
]

Path = tuple[str | int, ...]

LONGEST_QUOTATION = 60


class Finding(NamedTuple):
    """A fault with its path, by which faults are sorted."""

    path: Path
    problem: str
    remedy: str
    severity: Literal["error", "warning"]

    def fault(self) -> Fault:
        """Return the fault as it is reported."""
        return Fault(
            place=place_of(self.path),
            problem=self.problem,
            remedy=self.remedy,
            severity=self.severity,
        )


def error(path: Path, problem: str, remedy: str) -> Finding:
    """Return a finding for which servers reject the descriptor."""
    return Finding(path, problem, remedy, "error")


def warning(path: Path, problem: str, remedy: str) -> Finding:
    """Return a finding about something that servers accept."""
    return Finding(path, problem, remedy, "warning")


def quoted(text: str) -> str:
    """Return a text of the document in quotation marks, in one line and not too long."""
    if len(text) > LONGEST_QUOTATION:
        text = f"{text[:LONGEST_QUOTATION]}..."
    return "".join(
        each if each.isprintable() else f"\\u{ord(each):04x}" for each in f'"{text}"'
    )


def member(document: object, *path: str) -> Mapping[str, object]:
    """Return the object at a path; an empty one if there is none."""
    for name in path:
        if not isinstance(document, Mapping):
            return {}
        document = document.get(name)
    return document if isinstance(document, Mapping) else {}


def modules(
    document: Mapping[str, object], kind: str
) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """Yield the modules of a kind with their paths; a single object counts as one."""
    found = member(document, "capabilities").get(kind)
    path: Path = ("capabilities", kind)
    if isinstance(found, Mapping):
        yield path, found
    elif isinstance(found, list):
        for number, each in enumerate(found):
            if isinstance(each, Mapping):
                yield (*path, number), each
