"""From a JSON schema to a Python type, and to the models that the types name.

Two things shape the types. Answers are read tolerantly: an enumeration has any text besides its
own, so that a value that came later is kept. And msgspec must be able to read them: a union holds
at most one kind of text, one kind of object and one kind of list; what it cannot express becomes
`object`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from codegen.planning.class_names import ClassNames
from codegen.planning.directions import Directions, is_for
from codegen.planning.models import Member, Model, Use, is_secret, python_name
from codegen.planning.names import (
    MODEL_ATTRIBUTES,
    class_name,
    free_name,
    with_suffix,
)
from codegen.planning.python_types import NOTHING, OBJECT, Type, joined, single
from codegen.planning.unions import TaggedUnion, discriminator, kinds_by_tag
from codegen.reading.document import Node, Place, SpecError
from codegen.reading.flat import Flat, Flattener
from codegen.reading.limits import Limits, Siblings, limits_of
from codegen.reading.problems import Problems

LONGEST_TYPE = 2_000
"""In characters. References to references can double a type each time; beyond, it is `object`."""

TIMESTAMPS = {"date-time": "DateTime", "unix-time": "UnixTime"}
"""Formats of timestamps, and their types; UNIX seconds may be text or a number."""

LONGEST_LITERAL = 1_000
"""In characters; a longer enumeration is plain text."""

SCALARS = {"boolean": "bool", "integer": "int", "number": "float", "string": "str"}
MEMBER_RENAMED = "a name that another member has, so another one"


class Schemas:
    """Plans the types of schemas, and collects the models that they need.

    Args:
        flattener: The document's.
        directions: Which of its schemas are parts of answers and of arguments.
        components: The document's shared schemas; each that is an object becomes a model.
        problems: Where names that had to be chosen are noted.
        broken: What is wrong with some of the components; whatever refers to them is as well.
    """

    def __init__(
        self,
        flattener: Flattener,
        directions: Directions,
        components: Iterable[tuple[str, Node]],
        problems: Problems,
        broken: Mapping[Place, SpecError] = MappingProxyType({}),
    ) -> None:
        self.problems = problems
        self.flatten = flattener.flatten
        self._directions = directions
        self._broken = broken
        self._names = ClassNames(directions, problems)
        # Objects without a name of their own that a type named, until `found_models` takes them.
        # Planning a model can name further ones, so it is a queue and not a result.
        self._found: list[tuple[Flat, str, Use]] = []
        self._types: dict[tuple[Place, Use], Type] = {}
        self._unions: dict[str, TaggedUnion] = {}
        self._open: set[tuple[Place, Use]] = set()
        # All components get their names before any type is planned: an object inside of one must
        # not take the name of a later component, whatever the order of the document.
        for key, node in components:
            self._names.claim(key, node)

    def models_of(self, node: Node) -> list[Model]:
        """Return the model of a shared schema, and those that only it uses."""
        with self.undone_on_failure():
            flat = self.flatten(node)
            models: list[Model] = []
            # A component that only refers to another is that one's model, and gets none.
            name = self._names.component(node)
            if flat.is_object and flat.node.place == node.place:
                is_input = self._directions.is_only_argument(flat)
                use = Use.INPUT if is_input else Use.ANSWER
                models.append(self._model(flat, name, use))
            else:
                self.type_of(node, name, Use.ANSWER)
            return models + list(self.found_models())

    @contextmanager
    def undone_on_failure(self) -> Iterator[None]:
        """Take back names, types and models that were planned in the block, if it fails.

        All of them, as a type that stayed would name a model that does not exist.
        """
        marks = self._mark()
        try:
            yield
        except SpecError:
            self._undo(marks)
            raise

    def found_models(self) -> Iterator[Model]:
        """Yield the models found since the last call, and those that they lead to."""
        while self._found:
            found, self._found = self._found, []
            for flat, name, use in found:
                yield self._model(flat, name, use)
                yield from self.found_models()

    @property
    def unions(self) -> list[TaggedUnion]:
        """The unions of models that have been named so far."""
        return list(self._unions.values())

    def type_of(self, node: Node, owner: str, use: Use) -> Type:
        """Return the type for a schema.

        Args:
            node: The schema.
            owner: What to call the model of an object that has no name of its own.
            use: What the type is for.
        """
        flat = self.flatten(node)
        # Types are kept by the place that defines them. With the place of each reference instead,
        # `owner` would name a model anew for every use of a schema.
        while node.has("$ref") and {*dict(node.items())} <= {"$ref", "description"}:
            node = node.referent()
        key = (node.place, use)
        if key in self._open:
            # A list or union of itself, for which Python has no type without a name. An object of
            # itself does not get here: its members are planned later, from the queue of models.
            return OBJECT
        if key not in self._types:
            self._open.add(key)
            try:
                found = self._type(flat, owner, use)
            finally:
                self._open.discard(key)
            is_long = len(found.text) > LONGEST_TYPE
            self._types[key] = replace(found, parts=OBJECT.parts) if is_long else found
        return self._types[key]

    def _type(self, flat: Flat, owner: str, use: Use) -> Type:
        names = [name for name in flat.types if name != "null"]
        is_nullable = "null" in flat.types or True in (
            flat.word("nullable"),
            flat.word("x-nullable"),
        )
        branches = flat.words.get("oneOf") or flat.words.get("anyOf")
        if "enum" in flat.words or "const" in flat.words:
            found = self._closed_set(flat, use)
        elif branches is not None and not flat.properties:
            found = self._union(flat, branches.elements(), owner, use)
        elif not names and not flat.is_object and "items" not in flat.words:
            found = NOTHING if is_nullable and "type" in flat.words else OBJECT
        else:
            if not names:
                names = ["object" if flat.is_object else "array"]
            found = joined(
                [self._named(name, names, flat, owner, use) for name in names]
            )
        return replace(found, nullable=found.nullable or is_nullable)

    def _named(
        self, name: str, names: list[str], flat: Flat, owner: str, use: Use
    ) -> Type:
        if name == "object":
            return self._object(flat, owner, use)
        if name == "array":
            return self._list(flat, owner, use)
        kind, is_argument = str(flat.word("format")), use is Use.ARGUMENT
        if kind in TIMESTAMPS and {*names} <= {"string", "integer", "number"}:
            return single("datetime" if is_argument else TIMESTAMPS[kind], "date")
        if name == "string" and kind == "byte" and is_argument:
            return single("ImageSource", "picture")
        text = SCALARS.get(name, "str")
        return single(text, text)

    def _closed_set(self, flat: Flat, use: Use) -> Type:
        is_nullable = None in flat.closed_set
        values = [value for value in flat.closed_set if value is not None]
        kinds = {type(value) for value in values}
        if not kinds <= {str, int, float, bool}:
            return replace(OBJECT, nullable=is_nullable)
        text = f"Literal[{', '.join(dict.fromkeys(map(repr, values)))}]"
        plain = joined(
            [single(name, name) for name in sorted(kind.__name__ for kind in kinds)]
        )
        is_short = len(text) < LONGEST_LITERAL
        if use is Use.ARGUMENT and kinds in ({str}, {int}) and is_short:
            found = single(text, "literal" if kinds == {str} else "int")
        elif kinds == {str} and is_short and not self._has_plain_sets(flat):
            found = joined([single(text, "literal"), plain])
        else:
            found = plain
        return replace(found, nullable=is_nullable)

    def _has_plain_sets(self, flat: Flat) -> bool:
        return flat.node.document.root.flag("x-text-enums")

    def _union(self, flat: Flat, branches: list[Node], owner: str, use: Use) -> Type:
        if discriminator(flat):
            objects = [
                node for node in branches if self.flatten(node).types != ["null"]
            ]
            kinds = kinds_by_tag(flat, objects, self.flatten)
            if kinds:
                found = self._tagged(flat, kinds, owner, use)
                return replace(found, nullable=len(objects) < len(branches))
        marks = self._mark()
        found = joined([self.type_of(branch, owner, use) for branch in branches])
        if found.parts == OBJECT.parts:
            # The union became `object`, so nothing names the models of its branches: they would be
            # generated and never used.
            self._undo(marks)
        return found

    def _tagged(
        self, flat: Flat, kinds: Mapping[str, Node], owner: str, use: Use
    ) -> Type:
        name, _ = self._names.named(flat, owner, use)
        self._unions[name] = TaggedUnion(
            name,
            flat.description,
            discriminator(flat),
            {
                tag: self.type_of(node, f"{name}{class_name(tag)}", use).text
                for tag, node in kinds.items()
            },
        )
        return single(name, "union", frozenset((name,)))

    def _list(self, flat: Flat, owner: str, use: Use) -> Type:
        items = flat.words.get("items")
        owner = f"{owner}Item" if owner in self._names else owner
        inner = OBJECT if items is None else self.type_of(items, owner, use)
        return single(f"list[{inner.annotation}]", "list", inner.models)

    def _object(self, flat: Flat, owner: str, use: Use) -> Type:
        if flat.properties:
            if flat.node.place in self._broken:
                raise self._broken[flat.node.place]
            name, is_new = self._names.named(flat, owner, use)
            if is_new:
                self._found.append((flat, name, use))
            return single(name, "dict", frozenset((name,)))
        return self._mapping(flat, owner, use)

    def _mapping(self, flat: Flat, owner: str, use: Use) -> Type:
        values = flat.words.get("additionalProperties")
        inner = OBJECT
        if values is not None and not isinstance(values.value, bool):
            inner = self.type_of(values, f"{owner}Value", use)
        return single(f"dict[str, {inner.annotation}]", "dict", inner.models)

    def further(self, flat: Flat, owner: str, use: Use) -> Type | None:
        """Return the type of the mapping with an object's further members, if it declares some."""
        declared = flat.word("additionalProperties")
        if not flat.properties or declared is None or declared is False:
            return None
        return self._mapping(flat, owner, use)

    def _mark(self) -> tuple[int, ...]:
        return (*map(len, self._collected), len(self._names), len(self._found))

    def _undo(self, marks: tuple[int, ...]) -> None:
        *sizes, names, known = marks
        self._names.forget(names)
        for each, size in zip(self._collected, sizes, strict=True):
            while len(each) > size:
                each.popitem()
        del self._found[known:]

    @property
    def _collected(self) -> list[dict[Any, Any]]:
        return [self._types, self._unions]

    def _model(self, flat: Flat, name: str, use: Use) -> Model:
        use = self._directions.use_of(flat, use)
        is_input = use is self._directions.use_of(flat, Use.INPUT)
        is_sent = is_input and self._directions.is_argument(flat)
        members = tuple(
            replace(
                member,
                sends_null=is_sent and member.type.nullable and not member.required,
            )
            for member in self.members(flat, name, use, MODEL_ATTRIBUTES)
        )
        is_closed = flat.word("additionalProperties") is False
        extra = self.further(flat, name, use)
        taken = {member.name for member in members}
        return Model(
            name,
            flat.description,
            members,
            flat.node.place,
            is_closed,
            None if extra is None else (free_name("extra", taken), extra),
        )

    def members(
        self, flat: Flat, owner: str, use: Use, taken: frozenset[str]
    ) -> Iterator[Member]:
        """Yield the members of an object, without those that its direction does not have."""
        wires: dict[str, str] = {}
        direction = Use.ANSWER if use is Use.ANSWER else Use.INPUT
        differs = (
            use is Use.ARGUMENT
            or self._directions.use_of(flat, Use.INPUT) is not Use.ANSWER
        )

        def siblings(place: Node, wire: str) -> str:
            if wire not in flat.properties:
                raise place.error(
                    f"the object has no member {wire!r}; name one that it has"
                )
            return python_name(flat.properties[wire], wire, taken)

        for wire, node in flat.properties.items():
            schema = self.flatten(node)
            if differs and not is_for(schema, direction):
                continue
            name = python_name(node, wire, taken)
            if name in wires:
                error = node.error(
                    f"{wire!r} and {wires[name]!r} both result in the Python name {name!r};"
                    " give one an 'x-python-name'"
                )
                name = with_suffix(name, wires.__contains__)
                self.problems.choose(MEMBER_RENAMED, f"{wire} is {name}", error)
            # msgspec writes names into JSON without escaping, and so rejects these.
            if re.search(r'["\\\x00-\x1f]', wire):
                raise node.error(
                    f"the member {wire!r} has a character that neither model nor body"
                    " can have; rename it"
                )
            wires[name] = wire
            kind = self.type_of(
                node, owner + (class_name(wire).rstrip("_") or "Member"), use
            )
            yield Member(
                name=name,
                wire=wire,
                type=kind,
                required=wire in flat.required,
                secret=is_secret(wire, schema, kind),
                description=schema.description,
                default=schema.word("default"),
                limits=self.limits(schema, siblings),
                node=node,
            )

    def is_text(self, node: Node) -> bool:
        """Return whether a body that is not JSON is declared as text."""
        flat = self.flatten(node)
        return flat.types == ["string"] and flat.word("format") != "binary"

    def is_file(self, node: Node) -> bool:
        """Return whether a member of a form is a file, or a list of them."""
        flat = self.flatten(node)
        if flat.types == ["array"] and "items" in flat.words:
            flat = self.flatten(flat.words["items"])
        is_raw = (
            "contentMediaType" in flat.words and "contentEncoding" not in flat.words
        )
        return flat.types in (["string"], ["file"], []) and (
            flat.word("format") == "binary" or is_raw or flat.types == ["file"]
        )

    def limits(self, flat: Flat, siblings: Siblings | None = None) -> Limits:
        """Return a schema's limits.

        Args:
            flat: The schema.
            siblings: From the name of a member beside it to its Python name.
        """
        items = flat.words.get("items")
        return limits_of(flat, self.flatten(items) if items else None, siblings)
