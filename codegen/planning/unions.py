"""Objects that are told apart by the value of one member, the discriminator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codegen.reading.document import Node, Place
from codegen.reading.flat import Flat


@dataclass(frozen=True, slots=True)
class TaggedUnion:
    """A type for several models; which one it is, a member's value says."""

    name: str
    description: str
    tag: str
    """The member, by its name in JSON."""
    kinds: dict[str, str]
    """The member's value -> the model."""


def discriminator(flat: Flat) -> str:
    """Return the member that tells the branches of a union apart; empty without one."""
    declared = flat.words.get("discriminator")
    is_object = declared is not None and isinstance(declared.value, dict)
    return declared.text("propertyName") if declared and is_object else ""


def kinds_by_tag(
    flat: Flat, branches: Sequence[Node], flatten: Callable[[Node], Flat]
) -> dict[str, Node]:
    """Return the branches of a union by the values of its discriminator.

    Empty if these do not tell the branches apart, or one is no object with known members.
    """
    wire = discriminator(flat)
    found: dict[str, Node] = {}
    mapped = _mapped(flat)
    for branch in branches:
        kind = flatten(branch)
        tags = mapped.get(kind.node.place) or _own_tags(branch, kind, wire, flatten)
        is_one_object = kind.is_object and set(kind.types) <= {"object"}
        if not (tags and is_one_object and found.keys().isdisjoint(tags)):
            return {}
        found |= dict.fromkeys(tags, branch)
    return found


def _mapped(flat: Flat) -> dict[Place, list[str]]:
    """Return the tags of each schema that the discriminator's mapping names."""
    declared = flat.words["discriminator"]
    found: dict[Place, list[str]] = {}
    for tag, target in declared.members("mapping").items():
        # A schema's name is accepted in place of a reference.
        name = str(target.value)
        reference = name if "/" in name else f"#/components/schemas/{name}"
        named = Node(declared.document, target.place, {"$ref": reference}).follow()
        found.setdefault(named.place, []).append(tag)
    return found


def _own_tags(
    branch: Node, kind: Flat, wire: str, flatten: Callable[[Node], Flat]
) -> list[str]:
    """Return the only value of the branch's own member, or else the name of its schema."""
    if wire in kind.properties:
        values = flatten(kind.properties[wire]).closed_set
        if len(values) == 1 and isinstance(values[0], str):
            return [values[0]]
    return [kind.node.place[-1]] if branch.has("$ref") else []
