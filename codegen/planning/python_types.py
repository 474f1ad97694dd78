"""Python types of the generated code, and their unions."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Part:
    """One member of a union.

    `family` is what msgspec distinguishes: `str`, `date`, `literal`, `picture`, `int`, `float`,
    `bool`, `list`, `dict`, `union` (of models, by a tag) or, for anything at all, `object`.
    """

    text: str
    family: str
    models: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Type:
    """A Python type; whether it allows `None` is kept apart."""

    parts: tuple[Part, ...]
    nullable: bool = False

    @property
    def text(self) -> str:
        """The type without its `None`."""
        return " | ".join(part.text for part in self.parts)

    @property
    def annotation(self) -> str:
        """The type as an annotation says it."""
        texts = [part.text for part in self.parts]
        return " | ".join([*texts, *["None"] * self.nullable])

    @property
    def optional(self) -> str:
        """The annotation of an optional value."""
        return replace(self, nullable=True).annotation

    @property
    def unset(self) -> str:
        """The annotation of an optional value for which `None` means null."""
        texts = [part.text for part in self.parts]
        return " | ".join([*texts, "UnsetType", "None"])

    @property
    def models(self) -> frozenset[str]:
        """The models that it names."""
        return frozenset[str]().union(*(part.models for part in self.parts))


OBJECT = Type((Part("object", "object"),))
BYTES = Type((Part("bytes", "bytes"),))
NOTHING = Type((), nullable=True)
TEXT = Type((Part("str", "text"),))
"""A body that is text, and no JSON."""
TEXT_FAMILIES = ("str", "date", "literal", "picture")


def single(text: str, family: str, models: frozenset[str] = frozenset()) -> Type:
    """Return a type of one part."""
    return Type((Part(text, family, models),))


def joined(types: list[Type]) -> Type:
    """Join types into a union that msgspec can decode.

    msgspec tells the parts of a union apart by their JSON type alone. A union with two of a kind
    would raise a `TypeError` when the generated module is first used, so it becomes `object`.
    """
    nullable = any(kind.nullable for kind in types)
    parts = list(dict.fromkeys(part for kind in types for part in kind.parts))
    if not parts:
        return NOTHING if nullable else OBJECT
    parts = _one_kind_of_text(parts)
    families = [part.family for part in parts]
    is_open = "object" in families or (
        not {"bytes", "text", "union"}.isdisjoint(families) and len(families) > 1
    )
    if is_open or families.count("dict") > 1 or families.count("list") > 1:
        return replace(OBJECT, nullable=nullable)
    return Type(tuple(parts), nullable)


def _one_kind_of_text(parts: list[Part]) -> list[Part]:
    """Join the parts that are text in JSON into one; closed sets are merged."""
    texts = [part for part in parts if part.family in TEXT_FAMILIES]
    if len(texts) < 2:
        return parts
    closed = [part for part in texts if part.family == "literal"]
    if {part.family for part in texts} <= {"literal", "str"}:
        sets = (part.text.removeprefix("Literal[").removesuffix("]") for part in closed)
        joined = [Part(f"Literal[{', '.join(sets)}]", "literal")]
        joined += [part for part in texts if part not in closed]
    else:
        joined = [Part("str", "str")]
        # A caller passes a `datetime` or a `str`; only in JSON are both text.
        joined[:0] = [part for part in texts if part.text == "datetime"]
    place = parts.index(texts[0])
    rest = [part for part in parts if part not in texts]
    return [*rest[:place], *joined, *rest[place:]]
