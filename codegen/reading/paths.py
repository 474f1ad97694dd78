"""Read the operations of a document by path and method."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codegen.reading.document import Document, Node
from codegen.reading.problems import Problems
from codegen.reading.security import NOTHING, Access

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
PATH_ITEM_WORDS = {"$ref", "summary", "description", "parameters", "servers", *METHODS}


@dataclass(frozen=True, slots=True)
class PathOperation:
    """One method of one path."""

    node: Node
    path_item: Node
    path: str
    method: str
    name: str = ""
    """The function's; this, the tag and the module are chosen in `naming.py`."""
    tag: str = ""
    module: str = ""
    prefix: str = ""
    """What comes before the path, below the client's base URL, by the operation's servers."""
    access: Access = NOTHING

    @property
    def label(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"


def path_operations(document: Document, problems: Problems) -> Iterator[PathOperation]:
    """Yield the operations in the document's order, without methods that are `x-same-as` another.

    Paths and methods that cannot be read are among the problems.
    """
    for path, referring in document.root.members("paths").items():
        if path.startswith("x-"):
            continue
        with problems.collecting(path):
            item = referring.follow()
            for key, member in item.items():
                if key not in PATH_ITEM_WORDS and not key.startswith("x-"):
                    problems.add(
                        member.error(
                            f"{key!r} is not a supported method; remove or correct it"
                        )
                    )
            for method, node in _methods(item):
                with problems.collecting(f"{method} {path}"):
                    if not _is_second(item, node):
                        yield PathOperation(node, item, path, method)


def _methods(path_item: Node) -> Iterator[tuple[str, Node]]:
    for key, node in path_item.items():
        if key in METHODS:
            yield key.upper(), node


def _is_second(path_item: Node, node: Node) -> bool:
    same = node.get("x-same-as")
    if same is None:
        return False
    if not any(
        each.text("operationId") == same.value and not each.has("x-same-as")
        for _, each in _methods(path_item)
    ):
        raise same.error(f"the path has no operation {same.value!r}; name one it has")
    return True


def second_methods(operation: PathOperation) -> tuple[str, ...]:
    """Return the other methods that mean the same operation."""
    return tuple(
        method
        for method, node in _methods(operation.path_item)
        if node.text("x-same-as") == operation.node.text("operationId") != ""
    )


def template_names(path: str) -> list[str]:
    """Return the parameters that a path template names, in their order."""
    return re.findall(r"\{([^{}]*)\}", path)


def component_schemas(document: Document) -> Iterator[tuple[str, Node]]:
    """Yield the shared schemas by name."""
    if document.is_swagger:
        yield from document.root.members("definitions").items()
    elif (components := document.root.get("components")) is not None:
        yield from components.members("schemas").items()
