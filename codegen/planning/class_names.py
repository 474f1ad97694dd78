"""The classes of schemas: each place has its own, and all are different."""

from __future__ import annotations

from codegen.planning.directions import Directions
from codegen.planning.models import Use
from codegen.planning.names import class_name, with_suffix
from codegen.reading.document import Node, Place
from codegen.reading.flat import Flat
from codegen.reading.problems import Problems

RENAMED = "no class name of its own for a schema, so another one"


class ClassNames:
    """Names the classes of schemas.

    Args:
        directions: Which schemas are parts of answers and of arguments.
        problems: Where names that had to be chosen are noted.
    """

    def __init__(self, directions: Directions, problems: Problems) -> None:
        self._directions = directions
        self._problems = problems
        self._names: dict[tuple[Place, Use], str] = {}
        self._taken: dict[str, Node] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._taken

    def __len__(self) -> int:
        return len(self._taken)

    def forget(self, size: int) -> None:
        """Forget the latest names until so many are left."""
        while len(self._taken) > size:
            self._taken.popitem()
            self._names.popitem()

    def claim(self, key: str, node: Node) -> str:
        """Name the class of a shared schema after it."""
        name = class_name(key)
        if not name:
            name = with_suffix("Model", self.__contains__)
            error = node.error(f"{key!r} results in no class name; rename it")
            self._problems.choose(RENAMED, f"{key} is {name}", error)
        if name in self:
            other, name = name, with_suffix(name, self.__contains__)
            error = node.error(
                f"{key!r} results in the class {other}, like"
                f" {self._taken[other].place[-1]!r}; rename one"
            )
            self._problems.choose(RENAMED, f"{key} is {name}", error)
        self._taken[name] = node
        self._names[node.place, Use.ANSWER] = name
        return name

    def component(self, node: Node) -> str:
        """Return the class of a shared schema."""
        return self._names[node.place, Use.ANSWER]

    def named(self, flat: Flat, owner: str, use: Use) -> tuple[str, bool]:
        """Return the class of an object or a union, and whether it is a new one.

        Args:
            flat: Its schema.
            owner: What to call it if it has no name yet.
            use: What it is for.
        """
        place = flat.node.place
        use = self._directions.use_of(flat, use)
        component = self._names.get((place, Use.ANSWER))
        if component and (use is Use.ANSWER or not self._directions.is_answer(flat)):
            return component, False
        is_new = (place, use) not in self._names
        if is_new:
            owner = f"{component}Input" if component else owner
            number, name = 2, owner
            while name in self:
                name, number = f"{owner}{number}", number + 1
            self._taken[name] = flat.node
            self._names[place, use] = name
        return self._names[place, use], is_new
