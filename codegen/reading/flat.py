"""Schemas with their references followed and their `allOf` merged."""

from __future__ import annotations

from dataclasses import dataclass, field

from codegen.reading.document import Node, Place, words

SCHEMA_WORDS = words(
    "$ref $comment $schema $defs definitions title description default example examples type"
    " format properties required items enum const allOf oneOf anyOf not if then else"
    " additionalProperties patternProperties propertyNames unevaluatedProperties"
    " unevaluatedItems prefixItems contains minContains maxContains dependentRequired"
    " dependentSchemas dependencies discriminator nullable deprecated readOnly writeOnly"
    " minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern"
    " minItems maxItems uniqueItems minProperties maxProperties xml externalDocs"
    " contentEncoding contentMediaType contentSchema"
)

TYPE_WORDS = sorted(words("array boolean file integer null number object string"))


@dataclass(frozen=True, slots=True)
class Flat:
    """A schema with its references followed and its `allOf` merged."""

    node: Node
    """Where the schema is defined: a reference without members of its own has that of its target.

    Two schemas with the same place are the same type, and share one model.
    """
    words: dict[str, Node] = field(default_factory=dict)
    properties: dict[str, Node] = field(default_factory=dict)
    required: frozenset[str] = frozenset()

    def word(self, key: str) -> object:
        """Return the value of a keyword, or `None`."""
        node = self.words.get(key)
        return None if node is None else node.value

    @property
    def description(self) -> str:
        """The description, or an empty text."""
        node = self.words.get("description")
        if node is not None and not isinstance(node.value, str):
            raise node.error("must be a text; put it in quotes")
        return str(node.value) if node is not None else ""

    @property
    def closed_set(self) -> list[object]:
        """The values of `enum`, or the one of `const`; empty for any."""
        if (enum := self.words.get("enum")) is not None:
            return [item.value for item in enum.elements()]
        return [self.words["const"].value] if "const" in self.words else []

    @property
    def types(self) -> list[str]:
        """The JSON types that a schema allows; empty for any."""
        node = self.words.get("type")
        if node is None:
            return []
        names = node.value if isinstance(node.value, list) else [node.value]
        for name in names:
            if name not in TYPE_WORDS:
                raise node.error(
                    f"{name!r} is not a type; use one of {', '.join(TYPE_WORDS)}"
                )
        return [str(name) for name in names]

    @property
    def is_object(self) -> bool:
        """Whether it describes an object whose members are known."""
        return bool(self.properties) and (not self.types or "object" in self.types)


class Flattener:
    """Flattens schemas, each once."""

    def __init__(self) -> None:
        self._flat: dict[Place, Flat] = {}
        self._open: set[Place] = set()

    def flatten(self, node: Node) -> Flat:
        """Follow references and merge `allOf`; of two equal keywords, the later wins."""
        if node.place in self._flat:
            return self._flat[node.place]
        if node.place in self._open:
            raise node.error(
                "the schema contains itself by $ref or allOf; break the cycle"
            )
        self._open.add(node.place)
        try:
            flat = self._merged(node)
        finally:
            self._open.discard(node.place)
        self._flat[node.place] = flat
        return flat

    def _merged(self, node: Node) -> Flat:
        if isinstance(node.value, bool):
            return Flat(node)
        own = dict(node.items())
        if "$ref" in own:
            flat = self.flatten(node.referent())
            # Before OpenAPI 3.1, keywords beside a reference have no meaning, but many documents
            # have some.
            version = str(node.document.root.value_of("openapi"))
            beside = {"description"} if not version.startswith("3.1") else set(own)
            beside -= {"$ref"}
            own = {key: member for key, member in own.items() if key in beside}
            return self._with_own(flat, node, own)
        merged = Flat(node)
        parts = node.listed("allOf")
        for part in map(self.flatten, parts):
            merged = Flat(
                # A reference by itself is the schema that it names.
                part.node if len(parts) == 1 and parts[0].has("$ref") else node,
                {**merged.words, **part.words},
                {**merged.properties, **part.properties},
                merged.required | part.required,
            )
        return self._with_own(merged, node, own)

    def _with_own(self, flat: Flat, node: Node, own: dict[str, Node]) -> Flat:
        """Add a schema's own keywords, which override those that it inherits."""
        for key, member in own.items():
            if key not in SCHEMA_WORDS and not key.startswith("x-"):
                raise member.error(
                    f"{key!r} is not a keyword of a schema; remove or correct it"
                )
        properties = dict(own["properties"].items()) if "properties" in own else {}
        for member in properties.values():
            if not isinstance(member.value, (dict, bool)):
                raise member.error("must be a schema; write a mapping")
        required = (
            frozenset(node.texts("required")) if "required" in own else frozenset()
        )
        structural = ("$ref", "allOf", "properties", "required")
        own_words = {
            key: member for key, member in own.items() if key not in structural
        }
        # With members or requirements of its own it is another object, and needs its own model.
        is_same = not properties and required <= flat.required
        return Flat(
            flat.node if is_same else node,
            {**flat.words, **own_words},
            {**flat.properties, **properties},
            flat.required | required,
        )
