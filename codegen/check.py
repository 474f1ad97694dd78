"""Validate a document before anything is planned.

These checks concern an operation or the document as a whole: version, names, tags, paths.
Errors inside a schema are found by `schemas.py` while types are planned.
"""

from __future__ import annotations

import re

from codegen.document import Document, Node
from codegen.names import (
    RESERVED_METHODS,
    RESERVED_MODULES,
    class_name,
    is_name,
    module_name,
    words,
)
from codegen.openapi import (
    METHODS,
    PathOperation,
    parameters,
    path_items,
    path_operations,
    template_names,
)

__all__ = ["check"]

OPENAPI_VERSION = r"3\.[01](\.\d+)?(-.*)?"

LONGEST_MODULE = 200
"""In bytes; what file systems take is a little more."""

PATH_ITEM_WORDS = frozenset(("$ref", "summary", "description", "parameters", *METHODS))
OPERATION_WORDS = words(
    "tags summary description externalDocs operationId parameters requestBody responses"
    " callbacks deprecated security consumes produces schemes"
)


def check(document: Document) -> None:
    """Check that a document can become a package.

    Raises:
        SpecError: It cannot; the message has the first fault, its place and what to change.
    """
    _check_version(document)
    names: dict[str, PathOperation] = {}
    classes: dict[str, str] = {}
    modules: dict[str, str] = {}
    _check_path_items(document)
    operations = list(path_operations(document))
    for operation in operations:
        for key, member in operation.node.items():
            _reject_servers(key, member)
        operation.node.reject_unknown(OPERATION_WORDS)
    for operation in operations:
        _check_name(operation, names, classes)
        _check_tag(operation, modules)
        _check_path(operation)
    if not names:
        raise document.root.error("has no operation; add one under 'paths'")
    _check_groups(names, classes, modules)


def _check_version(document: Document) -> None:
    root = document.root
    swagger, openapi = root.get("swagger"), root.get("openapi")
    given = swagger or openapi
    if given is None:
        raise root.error(
            "has no version; start with 'openapi: 3.1.0' or 'swagger: \"2.0\"'"
        )
    known, use = (r"2\.0", "'2.0'") if swagger else (OPENAPI_VERSION, "3.0 or 3.1")
    if not re.fullmatch(known, str(given.value)):
        raise given.error(f"version {given.value!r} is not supported; use {use}")


def _check_path_items(document: Document) -> None:
    for _, item in path_items(document):
        for key, member in item.items():
            _reject_servers(key, member)
            if key not in PATH_ITEM_WORDS and not key.startswith("x-"):
                raise member.error(
                    f"{key!r} is not a supported method; remove or correct it"
                )


def _reject_servers(key: str, member: Node) -> None:
    if key == "servers":
        raise member.error(
            "servers of its own are not supported; the client has one base URL"
        )


def _check_name(
    operation: PathOperation, names: dict[str, PathOperation], classes: dict[str, str]
) -> None:
    name, node = operation.name, operation.node
    source = node.get("operationId") or node.get("summary") or node
    if not name:
        raise node.error("the operation has no name; give it an 'operationId'")
    if not is_name(name):
        corrected = re.sub(r"\W+", "_", name).strip("_")
        raise source.error(
            f"{name!r} is not a valid name of a Python function; give an 'operationId'"
            f" such as {corrected if is_name(corrected) else 'get_' + corrected!r}"
        )
    if name.startswith("__") or name in RESERVED_METHODS or not name.strip("_"):
        raise source.error(
            f"{name!r} is reserved in the generated classes; give another 'operationId'"
        )
    if name in names:
        first = names[name]
        raise source.error(
            f"the name {name!r} is taken by {first.method} {first.path}; give another 'operationId'"
        )
    kind = class_name(name)
    if kind in classes:
        raise source.error(
            f"the name {name!r} results in the class {kind}, like {classes[kind]!r};"
            " give another 'operationId'"
        )
    names[name] = operation
    classes[kind] = name


def _check_tag(operation: PathOperation, modules: dict[str, str]) -> None:
    tags = operation.node.texts("tags")
    where = operation.node.get("tags") or operation.node
    if len(tags) != 1:
        raise where.error(
            f"{operation.name!r} has {len(tags) or 'no'} tag{'s' * (len(tags) > 1)};"
            " give it exactly one: it names the module"
        )
    tag, module = tags[0], module_name(tags[0])
    if not is_name(module):
        raise where.error(
            f"the tag {tag!r} is not a valid name of a Python module; rename it"
        )
    if len(module.encode()) > LONGEST_MODULE:
        raise where.error("the tag is too long for a file's name; shorten it")
    if module in RESERVED_MODULES:
        raise where.error(
            f"the tag {tag!r} results in the module {module!r}, which is reserved; rename it"
        )
    if modules.setdefault(module, tag) != tag:
        raise where.error(
            f"the tags {modules[module]!r} and {tag!r} result in the same module {module!r};"
            " write them alike"
        )


def _check_path(operation: PathOperation) -> None:
    place = Node(operation.node.document, operation.node.place[:2], None)
    fault = _path_fault(operation.path)
    if fault:
        raise place.error(fault)
    declared = {
        each.name: each.node for each in parameters(operation) if each.where == "path"
    }
    named = template_names(operation.path)
    for name in named:
        if name not in declared:
            raise operation.node.error(
                f"the path names {{{name}}}, which no path parameter declares; declare it"
            )
    for name, node in declared.items():
        if name not in named:
            raise node.error(
                f"the path has no {{{name}}}; add it there or remove the parameter"
            )


def _path_fault(path: str) -> str:
    names = template_names(path)
    literal = re.sub(r"\{[^{}]*\}", "x", path)
    if not path.startswith("/"):
        return "a path must start with '/'; add it"
    if any(letter in path for letter in "?#"):
        return "a path has no '?' or '#'; describe the query as parameters"
    if "{" in literal or "}" in literal or "" in names:
        return "the braces do not pair up around a name; correct the path"
    if len(set(names)) < len(names):
        return "a parameter is in the path twice; rename one"
    if any(segment in (".", "..") for segment in literal.split("/")):
        return "a path has no '.' or '..' segment; write it without"
    return ""


def _check_groups(
    names: dict[str, PathOperation], classes: dict[str, str], modules: dict[str, str]
) -> None:
    """Reject an operation class named like a group's, and two groups of one name."""
    groups: dict[str, str] = {}
    for module, tag in modules.items():
        for prefix in ("", "Async", "Raw", "AsyncRaw"):
            group = class_name(f"{prefix}_{module}")
            if group in classes:
                node = names[classes[group]].node
                raise (node.get("operationId") or node).error(
                    f"{classes[group]!r} results in the class {group}, which has the methods of the"
                    f" tag {tag!r}; give another 'operationId'"
                )
            if groups.setdefault(group, tag) != tag:
                nodes = (operation.node for operation in names.values())
                node = next(node for node in nodes if tag in node.texts("tags"))
                raise (node.get("operationId") or node).error(
                    f"the tags {groups[group]!r} and {tag!r} both result in the class {group};"
                    " rename one"
                )
