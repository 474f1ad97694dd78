"""Which schemas are parts of answers and which of arguments, and where that makes a difference.

A `readOnly` member is required in answers only, a `writeOnly` one in arguments only. A schema with
such a member, or with a part that has one, needs a model for each direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from codegen.planning.models import Use
from codegen.reading.bodies import answers, body
from codegen.reading.document import Node, Place, SpecError
from codegen.reading.flat import Flat, Flattener
from codegen.reading.parameters import parameters
from codegen.reading.paths import PathOperation

OTHER = {Use.ANSWER: "writeOnly", Use.INPUT: "readOnly"}
"""The mark of what a direction leaves out."""
PARTS = ("items", "additionalProperties")
CHOICES = ("oneOf", "anyOf")


class Directions:
    """The directions of schemas, by their places.

    Args:
        flattener: The document's.
        operations: The operations; what cannot be read of them is left to those who plan them.
        events: The bodies of events.
    """

    def __init__(
        self,
        flattener: Flattener,
        operations: Iterable[PathOperation] = (),
        events: Iterable[Node] = (),
    ) -> None:
        self._flatten = flattener.flatten
        self._seen: dict[Use, set[Place]] = {Use.ANSWER: set(), Use.INPUT: set()}
        self._holders: dict[Place, set[Place]] = {}
        self._marked: set[Place] = set()
        for event in events:
            self._walk(event, Use.ANSWER)
        for operation in operations:
            with suppress(SpecError):
                for answer in answers(operation):
                    self._walk(answer.schema, Use.ANSWER)
            with suppress(SpecError):
                for node in self._arguments(operation):
                    self._walk(node, Use.INPUT)
        self._differing = self._with_holders(self._marked)

    def is_argument(self, flat: Flat) -> bool:
        """Return whether a schema is a part of what a caller passes."""
        return flat.node.place in self._seen[Use.INPUT]

    def is_answer(self, flat: Flat) -> bool:
        """Return whether a schema is a part of what is read."""
        return flat.node.place in self._seen[Use.ANSWER]

    def is_only_argument(self, flat: Flat) -> bool:
        """Return whether a schema is a part of arguments, and of no answer."""
        return self.is_argument(flat) and not self.is_answer(flat)

    def use_of(self, flat: Flat, use: Use) -> Use:
        """Return the direction of a model: that of its use, where this makes a difference."""
        differs = use is not Use.ANSWER and flat.node.place in self._differing
        return Use.INPUT if differs else Use.ANSWER

    def _arguments(self, operation: PathOperation) -> Iterator[Node | None]:
        for parameter in parameters(operation):
            yield parameter.schema
        content = body(operation)
        if content is None:
            return
        yield from (each.schema for each in content.fields)
        if content.schema is None:
            return
        flat = self._flatten(content.schema)
        # The members of an object are arguments themselves, and it needs no model.
        members = [node for node in flat.properties.values() if self._is_for(node)]
        yield from members if flat.is_object else [content.schema]

    def _is_for(self, node: Node) -> bool:
        return is_for(self._flatten(node), Use.INPUT)

    def _walk(self, start: Node | None, use: Use) -> None:
        # A stack of its own: schemas may refer to each other more deeply than Python recurses.
        waiting: list[tuple[Node | None, Place | None]] = [(start, None)]
        while waiting:
            node, holder = waiting.pop()
            if node is None or not isinstance(node.value, dict):
                continue
            with suppress(SpecError):
                flat = self._flatten(node)
                place = flat.node.place
                if holder is not None:
                    self._holders.setdefault(place, set()).add(holder)
                if place not in self._seen[use]:
                    self._seen[use].add(place)
                    waiting += [(part, place) for part in self._parts(flat, use)]

    def _parts(self, flat: Flat, use: Use) -> Iterator[Node]:
        for wire, node in flat.properties.items():
            member = self._flatten(node)
            if wire in flat.required and not (
                is_for(member, Use.ANSWER) and is_for(member, Use.INPUT)
            ):
                self._marked.add(flat.node.place)
            if is_for(member, use):
                yield node
        yield from (flat.words[key] for key in PARTS if key in flat.words)
        for key in CHOICES:
            if key in flat.words:
                yield from flat.words[key].elements()

    def _with_holders(self, places: Iterable[Place]) -> set[Place]:
        """Return places, and those that they are a part of."""
        found, waiting = set[Place](), [*places]
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                waiting += self._holders.get(place, ())
        return found


def is_for(member: Flat, use: Use) -> bool:
    """Return whether a direction has a member."""
    return member.word(OTHER[use]) is not True
