"""Models and their members, as schemas describe them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from codegen.planning.names import (
    argument_name,
    is_name,
    is_secret_name,
)
from codegen.planning.python_types import Type
from codegen.reading.document import Node, Place
from codegen.reading.flat import Flat
from codegen.reading.limits import Limits, Rule


class Use(Enum):
    """What a type is used for."""

    ANSWER = "answer"
    """Decoded from JSON by msgspec: a model's member or an operation's result."""
    INPUT = "input"
    """A part of what a caller passes: a model's member, or a whole body."""
    ARGUMENT = "argument"
    """Passed by a caller: closed sets are `Literal`, images may be paths."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a model, or a keyword argument of a body."""

    name: str
    wire: str
    type: Type
    required: bool
    secret: bool
    description: str
    default: object
    limits: Limits
    node: Node
    sends_null: bool = False
    """Whether a model's optional member can be sent as null, and is `UNSET` if it is left out."""
    constant: str | None = None
    """The only value that it can have, which is always sent."""

    @property
    def annotation(self) -> str:
        """The annotation in a model."""
        if self.required:
            return self.type.annotation
        return self.type.unset if self.sends_null else self.type.optional

    @property
    def assigned(self) -> str:
        """What a model assigns to it, if anything is."""
        default = "" if self.required else "UNSET" if self.sends_null else "None"
        keywords = [f"name={self.wire!r}"] * (self.name != self.wire)
        if self.constant is not None:
            # msgspec leaves out a plain default.
            keywords.append(f"default_factory=lambda: {self.constant!r}")
        elif not keywords:
            return default
        elif default:
            keywords.append(f"default={default}")
        return f"field({', '.join(keywords)})" if keywords else ""


@dataclass(frozen=True, slots=True)
class Model:
    """A class for a JSON object."""

    name: str
    description: str
    members: tuple[Member, ...]
    place: Place
    is_closed: bool = False
    """Whether further members are rejected."""
    extra: tuple[str, Type] | None = None
    """The name and the type of the mapping with further members, if these are kept."""
    listed_by: tuple[str, ...] = ()
    """If it is a page of a list: the calls that return it, such as `GetAllRooms()`."""

    @property
    def secrets(self) -> list[str]:
        """Members that are never shown."""
        return sorted(member.name for member in self.members if member.secret)

    @property
    def rules(self) -> dict[str, Rule]:
        """Python name -> limits."""
        rules = (
            (each.name, each.limits.rule(required=each.required))
            for each in self.members
        )
        return {name: rule for name, rule in rules if rule}

    @property
    def models(self) -> frozenset[str]:
        """The models that its members name."""
        kinds = [member.type for member in self.members]
        kinds += [self.extra[1]] if self.extra else []
        return frozenset[str]().union(*(kind.models for kind in kinds))


def python_name(node: Node, wire: str, taken: frozenset[str]) -> str:
    """Return the Python name of a member or parameter; `x-python-name` overrides the rule."""
    chosen = node.value.get("x-python-name") if isinstance(node.value, dict) else None
    name = argument_name(wire, taken) if chosen is None else chosen
    if not isinstance(name, str) or not is_name(name) or (chosen and name in taken):
        fault = "is reserved or not a valid Python name"
        fault = fault if chosen else "results in no Python name"
        raise node.error(f"{chosen or wire!r} {fault}; choose one with 'x-python-name'")
    if chosen and (name.startswith("_") or name != argument_name(name, taken)):
        raise node.error(
            f"{chosen!r} is not a plain Python name; use lower-case words like 'room_id'"
        )
    return name


def is_secret(wire: str, flat: Flat, kind: Type) -> bool:
    """Return whether a value is a secret: by `x-secret`, else by its name and type."""
    declared = flat.word("x-secret")
    if declared is not None:
        return declared is True
    return is_secret_name(wire) and any(part.family != "bool" for part in kind.parts)
