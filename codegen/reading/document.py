"""A document as plain values that know their place in it.

Every error about a document is created by a `Node`: its `error` adds the file, the line and the
place to the fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from sourcefiles.errors import GenerationError

Place = tuple[str, ...]
"""The keys and indices from the document's root down to a value."""


class SpecError(GenerationError):
    """The document cannot be used; one line of text says where, why and how to fix it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as plain values: mappings with text keys, lists and scalars."""

    name: str
    """As errors and the generated files call it."""
    value: object
    lines: dict[Place, int] = field(repr=False)

    @property
    def root(self) -> Node:
        """The whole document."""
        return Node(self, (), self.value)

    @property
    def is_swagger(self) -> bool:
        """Whether it is Swagger 2.0 rather than OpenAPI 3."""
        return self.root.has("swagger")

    def line(self, place: Place) -> int | None:
        """Return the line of a place, or of the nearest one around it that is known."""
        for length in range(len(place), 0, -1):
            if (line := self.lines.get(place[:length])) is not None:
                return line
        return None


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document and its place."""

    document: Document
    place: Place
    value: object

    def error(self, fault: str) -> SpecError:
        """Return the error that rejects the document because of this value."""
        line = self.document.line(self.place)
        where = f"{self.document.name}:{line}" if line else self.document.name
        return SpecError(f"{where}: {pointer(self.place)}: {fault}")

    def get(self, key: str) -> Node | None:
        """Return a member of this mapping, or `None`."""
        members = self._mapping()
        return self._child(key, members[key]) if key in members else None

    def items(self) -> Iterator[tuple[str, Node]]:
        """Yield the members of this mapping in order."""
        for key, value in self._mapping().items():
            yield key, self._child(key, value)

    def members(self, key: str) -> dict[str, Node]:
        """Return the members of a member that is a mapping; none where it is left out or null."""
        node = self.get(key)
        return {} if node is None or node.value is None else dict(node.items())

    def elements(self) -> list[Node]:
        """Return the items of this list."""
        if not isinstance(self.value, list):
            raise self.error("must be a list; write '- value'")
        return [
            self._child(str(index), value) for index, value in enumerate(self.value)
        ]

    def listed(self, key: str) -> list[Node]:
        """Return the items of a member that is a list; none where it is left out."""
        node = self.get(key)
        return [] if node is None else node.elements()

    def text(self, key: str) -> str:
        """Return a member that is a text; empty where it is left out or null."""
        node = self.get(key)
        return "" if node is None or node.value is None else node._text()

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a member that is a list of texts; empty where it is left out."""
        return tuple(item._text() for item in self.listed(key))

    def flag(self, key: str, default: bool = False) -> bool:
        """Return a member that is true or false."""
        value = self._mapping().get(key, default)
        if not isinstance(value, bool):
            raise self._child(key, value).error("must be true or false")
        return value

    def has(self, key: str) -> bool:
        """Return whether this is a mapping with such a member."""
        return isinstance(self.value, dict) and key in self.value

    def reject_unknown(self, known: frozenset[str]) -> None:
        """Reject members that the generator does not read, except vendor extensions (`x-`)."""
        for key, member in self.items():
            if key not in known and not key.startswith("x-"):
                raise member.error(f"{key!r} is not supported here; remove it")

    def follow(self) -> Node:
        """Return what this value refers to by `$ref`, or the value itself."""
        node, seen = self, {self.place}
        while node.has("$ref"):
            node = node.referent()
            if node.place in seen:
                raise self.error(
                    "the $ref leads back to itself; let it name a definition"
                )
            seen.add(node.place)
        return node

    def referent(self) -> Node:
        """Return what the `$ref` of this value names."""
        reference = Node(self.document, (*self.place, "$ref"), self._mapping()["$ref"])
        if not isinstance(reference.value, str):
            raise reference.error("must be a text such as '#/components/schemas/Pet'")
        if not reference.value.startswith("#/"):
            raise reference.error(
                f"{reference.value!r} is outside of this document, and only local references are"
                " followed; copy the definition in and refer to it as '#/...'"
            )
        node = self.document.root
        for step in reference.value[2:].split("/"):
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            found: object = None
            if isinstance(node.value, dict):
                found = node.value.get(key)
            elif isinstance(node.value, list) and key.isdecimal():
                found = dict(enumerate(node.value)).get(int(key))
            if found is None:
                raise reference.error(
                    f"{reference.value!r} does not exist; define {key!r} there or correct the name"
                )
            node = node._child(key, found)
        return node

    def value_of(self, key: str) -> object:
        """Return a member's value, or `None`."""
        return self._mapping().get(key)

    def _text(self) -> str:
        if not isinstance(self.value, str):
            raise self.error("must be a text; put it in quotes")
        return self.value

    def _mapping(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            raise self.error("must be a mapping; write 'name: value'")
        return self.value

    def _child(self, key: str, value: object) -> Node:
        return Node(self.document, (*self.place, key), value)


def pointer(place: Place) -> str:
    """Write a place as a JSON pointer, the form that `$ref` uses too."""
    return "#" + "".join(
        "/" + key.replace("~", "~0").replace("/", "~1") for key in place
    )


def words(text: str) -> frozenset[str]:
    """Return the words of a text; a long set of names is easier to read as text."""
    return frozenset(text.split())
