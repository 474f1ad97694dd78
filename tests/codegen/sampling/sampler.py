"""Sample values from a schema: the same ones for the same seed.

A sampler knows JSON Schema and nothing of Python's types. Each round asks for another kind of
value: the least that is valid, everything there is, nulls wherever they are allowed, or a mixture.
"""

from __future__ import annotations

import base64
import random
import re
import string
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, cast
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from openapi_schema_validator import OAS30Validator, OAS31Validator

from tests.codegen.sampling.reading import Json, Schema

__all__ = [
    "EXTRA",
    "NEW_VALUE",
    "ROUNDS",
    "UNLISTED",
    "Place",
    "Round",
    "Sampler",
    "UnsampleableError",
]

Round = Literal["least", "all", "nulls", "mixed", "mixed again", "other values"]
ROUNDS: tuple[Round, ...] = (
    "least",
    "all",
    "nulls",
    "mixed",
    "mixed again",
    "other values",
)
Place = Literal["path", "query", "header", "cookie", "body", "form", "answer"]
"""Where a value is sent; in answers `readOnly` members are there and `writeOnly` ones are not."""

EXTRA = "extra "
"""How members begin that only `additionalProperties` allows."""
UNLISTED = "unlisted "
"""How members of an answer begin that its schema does not mention, and a reader may ignore."""
NEW_VALUE = "a value of tomorrow"
"""What an answer has in place of the known texts of an enumeration, in the last round."""

TRIES = 30
DEEPEST = 24
DEEP = 5
MOST_VALUES = 300
"""From this depth on, and beyond so many values, nothing is sampled that may be left out."""

LETTERS = string.ascii_letters + string.digits
ALPHABETS: Mapping[Place, str] = {
    "header": LETTERS + "-_./:;",
    "cookie": LETTERS + "-_.",
    "path": LETTERS + " -_.~/?#%&=+:@!äé日",
}
ALPHABET = LETTERS + " -_./?#%&=+:;@\"'\\<>{}[]!*äé日🦊"

Words = dict[str, object]


class UnsampleableError(Exception):
    """No valid value was found."""


class _Tomorrow(str):
    """A text that no enumeration lists yet, in place of one that it does."""

    known: str

    def __new__(cls, known: str) -> _Tomorrow:
        made = super().__new__(cls, NEW_VALUE)
        made.known = known
        return made


@dataclass
class _Merged:
    """What a schema asks for with all that it refers to, one branch chosen of each choice."""

    types: set[str] | None = None
    words: Words = field(default_factory=dict)
    enum: list[object] | None = None
    properties: dict[str, list[Schema]] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    additional: list[Schema] = field(default_factory=list)
    is_closed: bool = False
    items: list[Schema] = field(default_factory=list)
    first_items: list[Schema] = field(default_factory=list)
    nullable: bool = True
    fixed: dict[str, str] = field(default_factory=dict)


class Sampler:
    """Samples values for one round.

    Args:
        seed: Any text; the same one gives the same values.
        which: What the values are like.
    """

    def __init__(self, seed: str, which: Round) -> None:
        self._random = random.Random(f"{seed} {which}")  # noqa: S311 - no secrets
        self._round = which
        self._avoided = ""
        self._left_out = set[str]()
        self._count = 0

    def value(self, schema: Schema, place: Place, avoided: str = "") -> object:
        """Return a value that the schema accepts; that is checked by another's validator.

        Args:
            schema: What the value is for.
            place: Where it is sent.
            avoided: A character that texts do not have.

        Raises:
            UnsampleableError: None was found.
        """
        self._avoided = avoided
        for _ in range(TRIES):
            self._left_out, self._count = set[str](), 0
            found = self._sample([schema], place, 0)
            if _accepts(schema, found, self._left_out):
                return found
        raise UnsampleableError("no valid value was found")

    def includes(self) -> bool:
        """Return whether something is there that may be left out."""
        if self._round in ("mixed", "mixed again"):
            return self._random.random() < 0.6
        return self._round != "least"

    def _sample(self, schemas: list[Schema], place: Place, depth: int) -> object:
        if depth > DEEPEST:
            raise UnsampleableError("a schema that never ends")
        self._count += 1
        if self._count > MOST_VALUES:
            depth = max(depth, DEEP + 1)
        merged = _Merged()
        for schema in schemas:
            self._merge(schema, merged, depth)
        types = merged.types or _implied(merged)
        is_typed = merged.types is not None or merged.enum is not None
        if merged.nullable and is_typed and self._wants_null(place):
            return None
        types = types - {"null"}
        if merged.enum is not None:
            return self._one_of(merged, place)
        if "const" in merged.words:
            return merged.words["const"]
        if not types:
            return None if merged.types else self._anything(place)
        kind = self._random.choice(sorted(types))
        if kind == "object":
            return self._object(merged, place, depth)
        if kind == "array":
            return self._array(merged, place, depth)
        if kind == "string":
            return self._text(merged.words, place)
        if kind == "boolean":
            return self._random.random() < 0.5
        return self._number(merged.words, is_whole=kind == "integer")

    def _wants_null(self, place: Place) -> bool:
        if place not in ("body", "answer"):
            return False
        if self._round in ("mixed", "mixed again"):
            return self._random.random() < 0.2
        return self._round == "nulls"

    def _one_of(self, merged: _Merged, place: Place) -> object:
        values = [each for each in merged.enum or [] if each is not None]
        if not values:
            return None
        chosen = self._random.choice(values)
        is_open = place == "answer" and all(isinstance(each, str) for each in values)
        if is_open and self._round == "other values" and len(values) > 1:
            return _Tomorrow(cast("str", chosen))
        return chosen

    # --- merging -----------------------------------------------------------------------------

    def _merge(self, schema: Schema, merged: _Merged, depth: int) -> None:
        if isinstance(schema.value, bool):
            return
        target = schema.target()
        if target is not None:
            self._merge(target, merged, depth)
            if not schema.is_modern:
                return
        for each in schema.parts("allOf"):
            self._merge(each, merged, depth)
        nullable = _allows_null(schema)
        for key in ("oneOf", "anyOf"):
            branches = schema.parts(key)
            if branches:
                nullable |= any(_is_null(each) for each in branches)
                others = [each for each in branches if not _is_null(each)]
                chosen = self._random.choice(others)
                # Deep down, the first one that ends.
                chosen = others[0] if depth > DEEP else chosen
                inner = _Merged()
                self._merge(chosen, inner, depth)
                self._take(merged, inner)
                _fix_discriminator(schema, chosen, merged)
        own = _Merged(
            types=_types(schema),
            words={
                key: value
                for key, value in schema.value.items()
                if key in WORDS_THAT_LIMIT
            },
            enum=cast("list[object] | None", schema.get("enum")),
            required=list(cast("list[str]", schema.get("required") or [])),
            properties={
                name: [schema.at(each)]
                for name, each in cast(
                    "Mapping[str, object]", schema.get("properties") or {}
                ).items()
            },
            nullable=nullable,
        )
        additional = schema.get("additionalProperties")
        if additional is False:
            own.is_closed = True
        elif additional is not None:
            own.additional = [schema.at(additional)]
        if schema.get("items") is not None:
            own.items = [schema.at(schema.get("items"))]
        own.first_items = schema.parts("prefixItems")
        self._take(merged, own)

    def _take(self, merged: _Merged, other: _Merged) -> None:
        if other.types is not None:
            merged.types = (
                other.types
                if merged.types is None
                else _both_types(merged.types, other.types)
            )
        for key, value in other.words.items():
            merged.words[key] = _tighter(key, merged.words.get(key), value)
        if other.enum is not None:
            merged.enum = [
                each
                for each in other.enum
                if merged.enum is None or each in merged.enum
            ]
        for name, schemas in other.properties.items():
            merged.properties.setdefault(name, []).extend(schemas)
        merged.required += other.required
        merged.additional += other.additional
        merged.is_closed |= other.is_closed
        merged.items += other.items
        merged.first_items += other.first_items
        merged.nullable &= other.nullable
        merged.fixed |= other.fixed

    # --- kinds -------------------------------------------------------------------------------

    def _object(self, merged: _Merged, place: Place, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, schemas in merged.properties.items():
            if _is_left_out(schemas, place):
                self._left_out.add(name)
                continue
            if name not in merged.required and (depth > DEEP or not self.includes()):
                continue
            found[name] = merged.fixed.get(name) or self._sample(
                schemas, place, depth + 1
            )
        for name in merged.required:
            schemas = merged.properties.get(name, merged.additional)
            if name not in found and not _is_left_out(schemas, place):
                found[name] = self._sample(schemas, place, depth + 1)
        least = cast("int", merged.words.get("minProperties", 0))
        if merged.additional and not merged.is_closed:
            count = max(self._random.randint(0, 2), self._round == "all")
            count = 0 if self._round == "least" or depth > DEEP else count
            for number in range(max(count, least - len(found))):
                name = (
                    f"{EXTRA}{number}" if place in ("body", "answer") else f"x{number}"
                )
                found[name] = self._sample(merged.additional, place, depth + 1)
        elif place == "answer" and not merged.is_closed and self._round == "mixed":
            found[f"{UNLISTED}1"] = self._anything(place)
        return found

    def _array(self, merged: _Merged, place: Place, depth: int) -> list[object]:
        least = cast("int", merged.words.get("minItems", 0))
        most = cast("int", merged.words.get("maxItems", least + 3))
        if place not in ("body", "answer"):
            least = max(
                least, 1
            )  # An empty list is not sent, and cannot be told from none.
        count = least
        if self._round != "least" and depth <= DEEP:
            count = self._random.randint(
                min(max(least, self._round == "all"), most), min(most, least + 3)
            )
        firsts = [self._sample([each], place, depth + 1) for each in merged.first_items]
        found: list[object] = firsts[:count] if merged.items else firsts
        for _ in range(count * TRIES):
            if len(found) >= count:
                break
            item = (
                self._sample(merged.items, place, depth + 1)
                if merged.items
                else self._anything(place)
            )
            if item is None and place not in ("body", "answer"):
                continue
            if not merged.words.get("uniqueItems") or item not in found:
                found.append(item)
        return found

    def _text(self, words: Words, place: Place) -> str:
        made = FORMATS.get(str(words.get("format")))
        if made is not None and "pattern" not in words:
            return made(self._random)
        pattern = words.get("pattern")
        if isinstance(pattern, str):
            texts = _matching(pattern)
            if not texts:
                raise UnsampleableError(f"no text matches {pattern!r}")
            return self._random.choice(texts)
        is_apart = place in ("path", "header", "cookie", "query")
        least = cast("int", words.get("minLength", 1 if is_apart else 0))
        most = cast("int", words.get("maxLength", least + 12))
        size = self._random.randint(least, max(least, min(most, least + 12)))
        alphabet = ALPHABETS.get(place, ALPHABET).replace(self._avoided or "\0", "")
        text = "".join(self._random.choice(alphabet) for _ in range(size))
        # `.` and `..` would be another path.
        return text if place != "path" or text.strip(".") else "x" * max(size, 1)

    def _number(self, words: Words, *, is_whole: bool) -> int | float:
        low = cast("float | None", words.get("minimum"))
        high = cast("float | None", words.get("maximum"))
        step = cast("float", words.get("multipleOf", 1 if is_whole else 0.25))
        edges = {"least": low, "all": high}
        for key, towards in (("exclusiveMinimum", 1), ("exclusiveMaximum", -1)):
            bound = words.get(key)
            if bound is True or isinstance(bound, float) or type(bound) is int:
                limit = (low if towards > 0 else high) if bound is True else bound
                inner = cast("float", limit) + towards * step
                low, high = (inner, high) if towards > 0 else (low, inner)
                edges = {}
        edge = edges.get(self._round)
        if edge is None:
            start = low if low is not None else (high or 0) - 1000 * step
            end = high if high is not None else start + 2000 * step
            steps = int((end - start) / step)
            start = start if "multipleOf" not in words else -(-start // step) * step
            edge = start + self._random.randint(0, max(0, steps)) * step
        return int(edge) if is_whole else edge

    def _anything(self, place: Place) -> object:
        if place not in ("body", "answer"):
            return self._text({}, place)
        text = self._text({}, place)
        choices: list[object] = [text, 7, 1.5, True, [1, text], {"any member": text}]
        return self._random.choice(choices)


WORDS_THAT_LIMIT = (
    *("const", "format", "pattern", "minLength", "maxLength", "minProperties"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minItems", "maxItems", "uniqueItems"),
)


def _tighter(key: str, known: object, value: object) -> object:
    if isinstance(known, (int, float)) and isinstance(value, (int, float)):
        if key.startswith("min"):
            return max(known, value)
        if key.startswith("max"):
            return min(known, value)
    return value


def _both_types(one: set[str], other: set[str]) -> set[str]:
    if "number" in one and "integer" in other:
        one = one | {"integer"}
    if "number" in other and "integer" in one:
        other = other | {"integer"}
    return one & other


def _types(schema: Schema) -> set[str] | None:
    declared = schema.get("type")
    if declared is None:
        return None
    found = (
        {declared} if isinstance(declared, str) else set(cast("list[str]", declared))
    )
    return {"string" if each == "file" else each for each in found}


def _implied(merged: _Merged) -> set[str]:
    """Return the type that a schema without one means."""
    if merged.properties or merged.additional or merged.required:
        return {"object"}
    if merged.items:
        return {"array"}
    if any(key in merged.words for key in ("pattern", "minLength", "maxLength")):
        return {"string"}
    return set()


def _allows_null(schema: Schema) -> bool:
    declared = schema.get("type")
    if schema.is_modern:
        if isinstance(declared, list):
            return "null" in declared
        enum = cast("list[object] | None", schema.get("enum"))
        # Without a type, what else it says decides.
        is_open = declared is None and (enum is None or None in enum)
        return is_open and "const" not in cast("Words", schema.value)
    if declared is not None:
        return schema.get("nullable") is True or "null" in cast("list[str]", declared)
    joins = ("allOf", "oneOf", "anyOf")
    return schema.get("nullable") is True or any(schema.get(key) for key in joins)


def _is_null(schema: Schema) -> bool:
    return schema.get("type") in ("null", ["null"]) or schema.get("enum") == [None]


def _fix_discriminator(schema: Schema, chosen: Schema, merged: _Merged) -> None:
    """Give the member that tells branches apart the value of the chosen one."""
    discriminator = schema.get("discriminator")
    reference = chosen.get("$ref")
    if not isinstance(discriminator, Mapping) or not isinstance(reference, str):
        return
    name = reference.rpartition("/")[2]
    mapping = cast("Mapping[str, str]", discriminator.get("mapping", {}))
    names = [key for key, value in mapping.items() if value in (reference, name)]
    merged.fixed[discriminator["propertyName"]] = (names or [name])[0]


def _is_left_out(schemas: Iterable[Schema], place: Place) -> bool:
    word = "writeOnly" if place == "answer" else "readOnly"
    return any(_says(schema, word) for schema in schemas)


def _says(schema: Schema, word: str) -> bool:
    target = schema.target()
    return (
        schema.get(word) is True
        or (target is not None and _says(target, word))
        or any(_says(each, word) for each in schema.parts("allOf"))
    )


def _accepts(schema: Schema, value: object, left_out: Container[str]) -> bool:
    """Return whether another's validator accepts a value, but for members left out on purpose."""
    kind: Any = OAS31Validator if schema.is_modern else OAS30Validator
    if "swagger" in schema.root:
        kind = Draft4Validator

    def required(
        _: object, names: list[str], instance: object, __: object
    ) -> Iterator[Any]:
        for name in names if isinstance(instance, dict) else []:
            if name not in cast("Json", instance) and name not in left_out:
                yield ValidationError(f"{name!r} is required")

    # Beside the document's own members, its references resolve within it.
    whole = {**schema.root, "allOf": [schema.value]}
    return bool(
        cast("Any", extend)(kind, {"required": required})(whole).is_valid(_told(value))
    )


def _told(value: object) -> object:
    """Return a value as its schema knows it."""
    if isinstance(value, dict):
        return {
            name: _told(item)
            for name, item in value.items()
            if not name.startswith(UNLISTED)
        }
    if isinstance(value, _Tomorrow):
        return value.known
    return [_told(item) for item in value] if isinstance(value, list) else value


@cache
def _matching(pattern: str) -> list[str]:
    """Return texts that match a regular expression."""
    found: list[str] = []
    try:
        strategy = st.from_regex(
            re.compile(pattern),
            alphabet=st.characters(codec="ascii", categories=("L", "N", "P")),
        )

        @settings(
            derandomize=True,
            database=None,
            max_examples=10,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            deadline=None,
        )
        @given(strategy)
        def collect(text: str) -> None:
            found.append(text)

        collect()
    except (re.error, ValueError):
        return []
    # A `$` of Python also matches before a line end at the end.
    return [text for text in dict.fromkeys(found) if text == text.strip()]


def _date_time(source: random.Random) -> str:
    zone = source.choice(["Z", "+00:00", "+02:00", "-05:30"])
    fraction = source.choice(["", "", ".25"])
    clock = f"{source.randint(0, 23):02}:05:{source.randint(0, 59):02}"
    return f"{_date(source)}T{clock}{fraction}{zone}"


def _date(source: random.Random) -> str:
    return f"20{source.randint(10, 30)}-{source.randint(1, 12):02}-{source.randint(1, 28):02}"


def _word(source: random.Random) -> str:
    return "".join(source.choice(string.ascii_lowercase) for _ in range(6))


FORMATS: Mapping[str, Callable[[random.Random], str]] = {
    "date-time": _date_time,
    "date": _date,
    "time": lambda source: f"{source.randint(0, 23):02}:30:00Z",
    "uuid": lambda source: str(UUID(int=source.getrandbits(128))),
    "email": lambda source: f"{_word(source)}@example.com",
    "uri": lambda source: f"https://example.com/{_word(source)}?a=1&b=%20",
    "hostname": lambda source: f"{_word(source)}.example.com",
    "ipv4": lambda source: f"192.0.2.{source.randint(1, 254)}",
    "ipv6": lambda source: f"2001:db8::{source.randint(1, 9999):x}",
    "byte": lambda source: base64.b64encode(source.randbytes(9)).decode(),
}
