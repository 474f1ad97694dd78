"""Refuse a document that cannot be generated from, before anything is planned.

Here stands what concerns an operation or the document as a whole: version, names, tags, paths.
What is wrong inside a schema is found by `schemas.py` on the way.
"""

from __future__ import annotations

import re

from codegen.document import Document, Node, SpecError
from codegen.names import (
    RESERVED_METHODS,
    RESERVED_MODULES,
    class_name,
    is_name,
    module_name,
    words,
)
from codegen.openapi import METHODS, Call, calls, parameters, template_names

__all__ = ["check"]

LONGEST_MODULE = 200
"""In bytes; what file systems take is a little more."""

PATH_ITEM_WORDS = frozenset(("$ref", "summary", "description", "parameters", *METHODS))
OPERATION_WORDS = words(
    "tags summary description externalDocs operationId parameters requestBody responses"
    " callbacks deprecated security consumes produces schemes"
)


def check(document: Document) -> None:
    """Refuse what cannot become a package.

    Raises:
        SpecError: Names the first fault, its place and what to do about it.
    """
    _check_version(document)
    names: dict[str, Call] = {}
    classes: dict[str, str] = {}
    modules: dict[str, str] = {}
    for call in _checked_calls(document):
        _check_name(call, names, classes)
        _check_tag(call, modules)
        _check_path(call)
    if not names:
        raise document.root.error("has no operation; describe one under 'paths'")
    _check_groups(names, classes, modules)


def _check_version(document: Document) -> None:
    root = document.root
    swagger, openapi = root.get("swagger"), root.get("openapi")
    if swagger is not None:
        if str(swagger.value) != "2.0":
            raise swagger.error(
                f"version {swagger.value!r} is not supported; use '2.0'"
            )
    elif openapi is None:
        raise root.error(
            "names no version; start with 'openapi: 3.1.0' or 'swagger: \"2.0\"'"
        )
    elif not re.fullmatch(r"3\.[01](\.\d+)?(-.*)?", str(openapi.value)):
        raise openapi.error(
            f"version {openapi.value!r} is not supported; use 3.0 or 3.1"
        )


def _checked_calls(document: Document) -> list[Call]:
    """Return the operations after a look at what the paths hold."""
    paths = document.root.get("paths")
    for path, item in (
        paths.items() if paths is not None and paths.value is not None else ()
    ):
        if path.startswith("x-"):
            continue
        for key, member in item.follow().items():
            _refuse_servers(key, member)
            if key not in PATH_ITEM_WORDS and not key.startswith("x-"):
                raise member.error(
                    f"{key!r} is no method that is supported; remove or mend it"
                )
    found = list(calls(document))
    for call in found:
        for key, member in call.node.items():
            _refuse_servers(key, member)
        call.node.refuse_unknown(OPERATION_WORDS)
    return found


def _refuse_servers(key: str, member: Node) -> None:
    if key == "servers":
        raise member.error(
            "servers of its own are not supported; the client has one base URL"
        )


def _check_name(call: Call, names: dict[str, Call], classes: dict[str, str]) -> None:
    name = call.name
    source = call.node.get("operationId") or call.node.get("summary") or call.node
    if not name:
        raise call.node.error("the operation has no name; give it an 'operationId'")
    if not is_name(name):
        mended = re.sub(r"\W+", "_", name).strip("_")
        raise source.error(
            f"{name!r} cannot name a Python function; give an 'operationId'"
            f" such as {mended if is_name(mended) else 'get_' + mended!r}"
        )
    if name.startswith("__") or name in RESERVED_METHODS or not name.strip("_"):
        raise source.error(
            f"{name!r} is taken in the generated classes; give another 'operationId'"
        )
    if name in names:
        first = names[name]
        raise source.error(
            f"the name {name!r} is taken by {first.method} {first.path}; give another 'operationId'"
        )
    kind = class_name(name)
    if kind in classes:
        raise source.error(
            f"the name {name!r} gives the class {kind}, as {classes[kind]!r} does;"
            " give another 'operationId'"
        )
    names[name] = call
    classes[kind] = name


def _check_tag(call: Call, modules: dict[str, str]) -> None:
    tags = call.node.texts("tags")
    if len(tags) != 1:
        where = call.node.get("tags") or call.node
        raise where.error(
            f"{call.name!r} has {len(tags) or 'no'} tag{'s' * (len(tags) > 1)};"
            " give it exactly one: it names the module"
        )
    tag, module = tags[0], module_name(tags[0])
    where = call.node.get("tags") or call.node
    if not is_name(module):
        raise where.error(f"the tag {tag!r} cannot name a Python module; rename it")
    if len(module.encode()) > LONGEST_MODULE:
        raise where.error("the tag is too long for a file's name; shorten it")
    if module in RESERVED_MODULES:
        raise where.error(
            f"the tag {tag!r} gives the module {module!r}, which is taken; rename it"
        )
    if modules.setdefault(module, tag) != tag:
        raise where.error(
            f"the tags {modules[module]!r} and {tag!r} give the same module {module!r};"
            " write them alike"
        )


def _check_path(call: Call) -> None:
    place = Node(call.node.document, call.node.place[:2], None)
    fault = _path_fault(call.path)
    if fault:
        raise place.error(fault)
    declared = [
        parameter for parameter in parameters(call) if parameter.where == "path"
    ]
    named = template_names(call.path)
    for name in named:
        if name not in [parameter.name for parameter in declared]:
            raise call.node.error(
                f"the path names {{{name}}}, which no path parameter declares; declare it"
            )
    for parameter in declared:
        if parameter.name not in named:
            raise parameter.node.error(
                f"the path has no {{{parameter.name}}}; add it there or remove the parameter"
            )


def _path_fault(path: str) -> str:
    names = template_names(path)
    literal = re.sub(r"\{[^{}]*\}", "x", path)
    if not path.startswith("/"):
        return "a path starts with '/'; add it"
    if any(letter in path for letter in "?#"):
        return "a path has no '?' or '#'; describe the query as parameters"
    if "{" in literal or "}" in literal or "" in names:
        return "the braces do not pair up around a name; mend the path"
    if len(set(names)) < len(names):
        return "a parameter stands twice in the path; rename one"
    if any(segment in (".", "..") for segment in literal.split("/")):
        return "a path has no '.' or '..' segment; write it without"
    return ""


def _check_groups(
    names: dict[str, Call], classes: dict[str, str], modules: dict[str, str]
) -> None:
    """Refuse an operation whose class would be a group's, and two groups of one name."""
    groups: dict[str, str] = {}
    for module, tag in modules.items():
        for prefix in ("", "Async", "Raw", "AsyncRaw"):
            group = class_name(f"{prefix}_{module}")
            if group in classes:
                raise _name_error(
                    names[classes[group]],
                    f"{classes[group]!r} gives the class {group}, which holds the methods of the"
                    f" tag {tag!r}; give another 'operationId'",
                )
            if groups.setdefault(group, tag) != tag:
                raise _name_error(
                    next(
                        call
                        for call in names.values()
                        if tag in call.node.texts("tags")
                    ),
                    f"the tags {groups[group]!r} and {tag!r} both give the class {group};"
                    " rename one",
                )


def _name_error(call: Call, fault: str) -> SpecError:
    return (call.node.get("operationId") or call.node).error(fault)
