"""Name the operations of a document, their modules and the classes of these.

Where the document's own names follow the rules of `names.py`, they are taken. Elsewhere a name is
chosen, which the generator reports; in strict mode that is a problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from codegen.planning.names import (
    RESERVED_METHODS,
    RESERVED_MODULES,
    class_name,
    is_name,
    module_name,
    operation_name,
    usable_name,
    with_suffix,
)
from codegen.reading.document import Node
from codegen.reading.paths import PathOperation
from codegen.reading.problems import Problems

LONGEST_MODULE = 200
"""In bytes; what file systems take is a little more."""

LONGEST_SHOWN = 40
DEFAULT_TAG = "default"
ANOTHER = "give another 'operationId'"
PREFIXES = ("", "Async", "Raw", "AsyncRaw")
"""Of the classes with the methods of a module."""


@dataclass(frozen=True, slots=True)
class Names:
    """The operations with their names, and the classes of their modules."""

    operations: list[PathOperation]
    groups: Mapping[str, str] = field(default_factory=dict)
    """Module -> the class with its methods."""


def name_operations(operations: Iterable[PathOperation], problems: Problems) -> Names:
    """Name operations, each different from the others.

    Those that cannot be named in strict mode are left out, and are among the problems.
    """
    namer = _Namer(problems)
    named = []
    for operation in operations:
        with problems.collecting(operation.label):
            named.append(namer.named(operation))
    return namer.names(named)


class _Namer:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._names: dict[str, PathOperation] = {}
        self._classes: dict[str, str] = {}
        self._modules: dict[str, str] = {}
        self._module_of: dict[str, str] = {}

    def named(self, operation: PathOperation) -> PathOperation:
        name = self._name(operation)
        tag = self._tag(operation, name)
        module = self._module(operation, tag)
        named = replace(operation, name=name, tag=tag, module=module)
        self._names[name] = named
        self._classes[class_name(name)] = name
        return named

    def names(self, operations: list[PathOperation]) -> Names:
        """Return the names, with a class for each module that none of the operations has."""
        groups: dict[str, str] = {}
        taken = {kind: repr(name) for kind, name in self._classes.items()}
        left_out = set[str]()
        for module, tag in self._modules.items():
            group = class_name(module)
            wanted = group
            while _clashing(group, taken):
                group = f"{group}Group"
            if group != wanted:
                clashing = _clashing(wanted, taken)[0]
                owner = next(each for each in operations if each.module == module)
                error = (owner.node.get("tags") or owner.node).error(
                    f"the tag {tag!r} results in the class {clashing}, like"
                    f" {taken[clashing]}; rename one"
                )
                with self._problems.collecting(owner.label):
                    self._problems.choose(
                        "the class of a tag has another name, since an operation or another tag"
                        " has its own",
                        f"{tag} is {group}",
                        error,
                    )
                if self._problems.strict:
                    left_out.add(module)
            groups[module] = group
            taken |= {f"{prefix}{group}": f"the tag {tag!r}" for prefix in PREFIXES}
        kept = [each for each in operations if each.module not in left_out]
        return Names(kept, groups)

    def _name(self, operation: PathOperation) -> str:
        node = operation.node
        source = node.get("operationId") or node.get("summary") or node
        wanted = operation_name(node.text("operationId"), node.text("summary"))
        if not wanted:
            wanted = _name_by_path(operation)
            self._problems.choose(
                "without operationId or summary, named by method and path",
                wanted,
                node.error("the operation has no name; give it an 'operationId'"),
            )
        name = wanted if is_name(wanted) else usable_name(wanted, operation.method)
        if name != wanted:
            why = "no name of a Python function, so another one"
            fault = f"{wanted!r} is not a valid name of a Python function"
            mend = f"give an 'operationId' such as {name!r}"
            self._choose(why, wanted, name, source, f"{fault}; {mend}")
        if name.startswith("__") or name in RESERVED_METHODS or not name.strip("_"):
            other = f"{name.strip('_') or 'call'}_"
            fault = f"{name!r} is reserved in the generated classes; {ANOTHER}"
            name = self._choose("reserved, so another name", name, other, source, fault)
        return self._free(name, source)

    def _choose(self, why: str, old: str, new: str, place: Node, fault: str) -> str:
        self._problems.choose(why, f"{old} is {new}", place.error(fault))
        return new

    def _free(self, name: str, source: Node) -> str:
        """Return the name, or one like it that no operation has."""
        first, kind = self._names.get(name), class_name(name)
        if first is None and kind not in self._classes:
            return name
        fault = (
            f"the name {name!r} is taken by {first.method} {first.path}"
            if first
            else f"the name {name!r} results in the class {kind}, like {self._classes[kind]!r}"
        )
        free = with_suffix(
            name,
            lambda each: each in self._names or class_name(each) in self._classes,
        )
        why = "taken, so another name"
        return self._choose(why, name, free, source, f"{fault}; {ANOTHER}")

    def _tag(self, operation: PathOperation, name: str) -> str:
        tags = operation.node.texts("tags")
        where = operation.node.get("tags") or operation.node
        if len(tags) == 1:
            return tags[0]
        error = where.error(
            f"{name!r} has {len(tags) or 'no'} tag{'s' * (len(tags) > 1)};"
            " give it exactly one: it names the module"
        )
        why = (
            "several tags, so the first one names the module"
            if tags
            else f"without a tag, so in the module {DEFAULT_TAG!r}"
        )
        self._problems.choose(why, name, error)
        return tags[0] if tags else DEFAULT_TAG

    def _module(self, operation: PathOperation, tag: str) -> str:
        if tag in self._module_of:
            return self._module_of[tag]
        where = operation.node.get("tags") or operation.node

        def choose(module: str, fault: str) -> str:
            why, shown = (
                "no name of a module for a tag, so another one",
                _shortened(tag),
            )
            self._choose(why, shown, _shortened(module), where, fault)
            return module

        module = module_name(tag)
        if not is_name(module):
            fault = f"the tag {tag!r} is not a valid name of a Python module; rename it"
            module = choose(usable_name(module, "tag"), fault)
        if len(module.encode()) > LONGEST_MODULE:
            module = choose(
                module.encode()[:LONGEST_MODULE].decode(errors="ignore"),
                "the tag is too long for a file's name; shorten it",
            )
        if module in RESERVED_MODULES:
            fault = (
                f"the tag {tag!r} results in the module {module!r}, which is reserved"
            )
            module = choose(f"{module}_", f"{fault}; rename it")
        if module in self._modules:
            module = choose(
                with_suffix(module, self._modules.__contains__),
                f"the tags {self._modules[module]!r} and {tag!r} result in the same module"
                f" {module!r}; write them alike",
            )
        self._modules[module] = tag
        self._module_of[tag] = module
        return module


def _shortened(name: str) -> str:
    return f"{name[:LONGEST_SHOWN]}..." if len(name) > LONGEST_SHOWN else name


def _clashing(group: str, taken: Mapping[str, str]) -> list[str]:
    names = (f"{prefix}{group}" for prefix in PREFIXES)
    return [name for name in names if name in taken]


def _name_by_path(operation: PathOperation) -> str:
    """Return a name from method and path: `GET /users/{id}` -> `get_users_id`."""
    return module_name(re.sub(r"\W+", "_", f"{operation.method} {operation.path}"))
