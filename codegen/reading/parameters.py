"""Read the parameters of an operation: from Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1.

The differences between the versions end here; places in errors stay the document's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codegen.reading.document import Node, words
from codegen.reading.paths import PathOperation

IGNORED_HEADERS = ("accept", "authorization", "content-type")

STYLES = {
    "path": ("simple",),
    "query": ("form", "deepObject", "spaceDelimited", "pipeDelimited"),
    "header": ("simple",),
}
"""The styles of each place; the first is the default."""

SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}
COLLECTIONS = {"csv": ",", "multi": None, "ssv": " ", "tsv": "\t", "pipes": "|"}
PARAMETER_WORDS = words("name in description required allowEmptyValue")

OPENAPI_PARAMETER_WORDS = PARAMETER_WORDS | words(
    "schema style explode allowReserved deprecated example examples"
)

SWAGGER_PARAMETER_WORDS = PARAMETER_WORDS | {"collectionFormat"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument in the path, the query or a header, or a field of a Swagger form."""

    node: Node
    name: str
    where: str
    required: bool
    description: str
    schema: Node
    separator: str | None
    """What separates a list that is sent as one value; `None` for a value each."""
    is_deep: bool = False
    """Whether the members of an object are sent as `name[member]`."""
    is_file: bool = False


def parameters(operation: PathOperation) -> list[Parameter]:
    """Return an operation's parameters; its own replace those of its path."""
    found: dict[tuple[str, str], Parameter] = {}
    for owner in (operation.path_item, operation.node):
        here: set[tuple[str, str]] = set()
        for item in owner.listed("parameters"):
            node = item.follow()
            where, name = node.text("in"), node.text("name")
            if not name or not where:
                raise item.error("a parameter needs 'name' and 'in'")
            if (where, name) in here:
                raise item.error(
                    f"the {where} parameter {name!r} is given twice; keep one"
                )
            here.add((where, name))
            if where in ("body", "formData") and node.document.is_swagger:
                continue
            parameter = _parameter(node, name, where)
            if parameter is not None:
                found[where, name] = parameter
    return list(found.values())


def _parameter(node: Node, name: str, where: str) -> Parameter | None:
    if where == "cookie" and not node.flag("required"):
        return None
    if where == "header" and name.lower() in IGNORED_HEADERS:
        return None
    if where not in STYLES:
        raise node.error(
            f"parameters in {where!r} are not supported; use path, query or header"
        )
    if where == "header" and not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise node.error(f"{name!r} is not a valid header name; correct it")
    return argument(node, name, where)


def argument(node: Node, name: str, where: str) -> Parameter:
    """Return a parameter, or a field of a Swagger form, as `parameters` does."""
    is_old = node.document.is_swagger
    read = _swagger_schema if is_old else _openapi_schema
    schema, separator = read(node, where)
    return Parameter(
        node=node,
        name=name,
        where=where,
        required=node.flag("required"),
        description=node.text("description"),
        schema=schema,
        separator=separator,
        is_deep=not is_old and node.text("style") == "deepObject",
        is_file=is_old and node.text("type") == "file",
    )


def _openapi_schema(node: Node, where: str) -> tuple[Node, str | None]:
    node.reject_unknown(OPENAPI_PARAMETER_WORDS)
    schema = node.get("schema")
    if schema is None:
        raise node.error("a parameter needs a 'schema'")
    known = STYLES[where]
    style = node.text("style") or known[0]
    if style not in known:
        raise node.error(
            f"the style {style!r} is not supported; use {' or '.join(map(repr, known))}"
        )
    separator = SEPARATORS.get(style)
    is_single = where == "query" and not node.flag("explode", default=style == "form")
    return schema, (separator or ",") if is_single else None


def _swagger_schema(node: Node, where: str) -> tuple[Node, str | None]:
    collection = node.text("collectionFormat") or "csv"
    if collection not in COLLECTIONS:
        raise node.error(
            f"collectionFormat {collection!r} is not one; use 'csv' or 'multi'"
        )
    members = {
        key: member.value
        for key, member in node.items()
        if key not in SWAGGER_PARAMETER_WORDS
    }
    schema = Node(node.document, node.place, members)
    return schema, None if where == "path" else COLLECTIONS[collection]
