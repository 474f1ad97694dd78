"""Validate a document before anything is named or planned.

These checks concern an operation or the document as a whole: version, paths, servers.
Errors inside a schema are found by `schemas.py` while types are planned.
"""

from __future__ import annotations

import re
from dataclasses import replace

from codegen.reading.document import Document, Node, words
from codegen.reading.parameters import parameters
from codegen.reading.paths import PathOperation, path_operations, template_names
from codegen.reading.problems import Problems
from codegen.reading.security import access_of
from codegen.reading.servers import server_prefix

OPENAPI_VERSION = r"3\.[01](\.\d+)?(-.*)?"

OPERATION_WORDS = words(
    "tags summary description externalDocs operationId parameters requestBody responses"
    " callbacks deprecated security servers consumes produces schemes"
)


def check(
    document: Document, problems: Problems, auth: str = "none"
) -> list[PathOperation]:
    """Check a document, and return the operations that may be generated.

    Those that declare no security need `auth`, one of `security.AUTH`.
    """
    _check_version(document)
    operations: list[PathOperation] = []
    for operation in path_operations(document, problems):
        with problems.collecting(operation.label):
            operation.node.reject_unknown(OPERATION_WORDS)
            _check_path(operation)
            operations.append(
                replace(
                    operation,
                    prefix=server_prefix(operation),
                    access=access_of(operation.node, auth),
                )
            )
    return operations


def _check_version(document: Document) -> None:
    root = document.root
    swagger, openapi = root.get("swagger"), root.get("openapi")
    given = swagger or openapi
    if given is None:
        raise root.error(
            "has no version; start with 'openapi: 3.1.0' or 'swagger: \"2.0\"'"
        )
    if str(given.value).startswith("3.2") and not swagger:
        raise given.error("OpenAPI 3.2 is not read yet; describe the API in 3.1")
    known, use = (r"2\.0", "'2.0'") if swagger else (OPENAPI_VERSION, "3.0 or 3.1")
    if not re.fullmatch(known, str(given.value)):
        raise given.error(f"version {given.value!r} is not supported; use {use}")


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
