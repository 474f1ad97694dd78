"""Plan the class and the methods of an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from urllib.parse import quote

from codegen.planning.arguments import Arguments
from codegen.planning.names import (
    class_name,
    options_name,
)
from codegen.planning.package import Argument, Error, Operation
from codegen.planning.prose import one_line
from codegen.planning.python_types import TEXT
from codegen.planning.results import plan_errors, plan_result
from codegen.planning.schemas import Schemas
from codegen.planning.texts import OperationTexts, declared_errors
from codegen.reading.bodies import Body, answers
from codegen.reading.paths import PathOperation, second_methods

KEPT_IN_PATHS = "/%:@!$&'()*+,;=~-._"


def plan_operation(
    operation: PathOperation,
    schemas: Schemas,
    group: str,
    common_errors: Set[Error] = frozenset(),
) -> Operation:
    """Plan an operation whose method is in the class `group`, and leaves common errors out."""
    node = operation.node
    name = class_name(operation.name)
    planner = Arguments(operation, schemas, name)
    path, rest = planner.planned()
    if planner.body is not None and planner.body.others:
        chosen = f"{operation.name} sends {one_line(planner.body.content_type)}"
        why = "several media types of a body, so the first one that is supported"
        schemas.problems.note(why, chosen)
    # Fields of a struct without default must come first; the order is kept otherwise.
    rest.sort(key=lambda argument: argument.default is not None)
    arguments = (*path, *rest)
    found = answers(operation)
    result = plan_result(operation, schemas, f"{name}Result")
    errors = plan_errors(found, schemas, f"{name}Error")
    outcome = "str" if result.is_redirect else result.type.annotation
    access = operation.access
    options = options_name(argument.name for argument in arguments)
    texts = OperationTexts(
        operation=operation,
        arguments=arguments,
        returns=outcome != "None",
        takes_options=bool(options),
        common_errors=common_errors,
    )
    template = _path(operation, {argument.wire: argument.name for argument in path})
    is_read = not result.is_redirect and outcome != "None"
    declared: dict[str, object] = {
        "operation_id": operation.name,
        "tag": operation.tag,
        "method": operation.method,
        "path": template,
        "auth": access.auth if access.auth != "bearer" else "",
        "key_in": access.key_in,
        "token_optional": access.is_optional,
        "scopes": node.texts("x-scopes"),
        "token_types": node.texts("x-token-types"),
        "any_token": node.flag("x-any-token"),
        "result": _Code(outcome) if is_read else "",
        "is_text": result.type.parts == TEXT.parts,
        "redirect": result.is_redirect,
        "redirect_member": result.redirect_member,
        "statuses": result.statuses if result.statuses != (200,) else (),
        "errors": _mapping({key: kind.annotation for key, kind in errors.items()}),
        **_places(arguments),
        **_body(planner, arguments),
        "secrets": {
            each.name for each in arguments if each.secret and each.where != "body"
        },
        "credentials": {each.name for each in arguments if each.credential},
    }
    return Operation(
        name=operation.name,
        class_name=name,
        tag=operation.tag,
        method=operation.method,
        also=second_methods(operation),
        path=template,
        summary=one_line(node.text("summary")),
        official_name=node.text("x-official-name"),
        deprecated=node.flag("deprecated"),
        access=access,
        result=outcome,
        is_page=node.flag("x-page"),
        attributes={name: _literal(value) for name, value in declared.items() if value},
        arguments=arguments,
        class_text=texts.for_class(f"{group}.{operation.name}"),
        method_text=texts.for_method(),
        async_text=texts.for_async_method(),
        errors=declared_errors(answers(operation)),
        details=texts.details(),
        notes=texts.notes(),
        options=options,
        models=result.type.models.union(
            *(kind.models for kind in errors.values()),
            *(item.models for item in arguments),
        ),
    )


class _Code(str):
    """A text that is Python already."""

    __slots__ = ()


def _mapping(types: Mapping[str, str]) -> _Code:
    """Return a mapping from texts to types, empty for none."""
    items = ", ".join(f"{key!r}: {text}" for key, text in types.items())
    return _Code(f"{{{items}}}" if items else "")


def _literal(value: object) -> str:
    if isinstance(value, _Code):
        return value
    # The order of a set differs from run to run.
    return (
        f"frozenset({{{repr(sorted(value))[1:-1]}}})"
        if isinstance(value, set)
        else repr(value)
    )


def _wires(arguments: Sequence[Argument], where: str) -> dict[str, str]:
    """Return Python name -> name in the document, of the arguments in one place."""
    return {each.name: each.wire for each in arguments if each.where == where}


def _places(arguments: Sequence[Argument]) -> dict[str, object]:
    """Return what a class declares of its query and headers, and of files."""
    separators = {each.name: each.separator for each in arguments if each.separator}
    return {
        "query": _wires(arguments, "query"),
        "separators": {name: mark for name, mark in separators.items() if mark != ","},
        "files": {each.name for each in arguments if each.is_file},
        "joined": {name for name, mark in separators.items() if mark == ","},
        "header": _wires(arguments, "header"),
    }


def _body(planner: Arguments, arguments: Sequence[Argument]) -> dict[str, object]:
    """Return what a class declares of its body."""
    content, is_whole = planner.body, planner.is_whole
    if content is None:
        return {}
    content_type = _content_type(content)
    members = dict(planner.from_path) | _wires(arguments, "body")
    return {
        "body_kind": content.kind,
        "whole_body": is_whole,
        "optional_body": not (is_whole or content.required),
        "content_type": content_type if content_type != "application/json" else "",
        "members": {} if is_whole else members,
    }


def _path(operation: PathOperation, names: Mapping[str, str]) -> str:
    """Return the template with Python names, and the rest percent-encoded."""
    template = operation.prefix + operation.path
    pieces = re.split(r"\{([^{}]*)\}", template)
    return "".join(
        f"{{{names[piece]}}}" if index % 2 else quote(piece, safe=KEPT_IN_PATHS)
        for index, piece in enumerate(pieces)
    )


def _content_type(content: Body) -> str:
    if content.kind in ("multipart", "related"):
        return "application/json"  # Its boundary comes with the body.
    if "*" in content.content_type:
        subtype = "json" if content.kind == "json" else "octet-stream"
        return f"application/{subtype}"
    if not content.content_type.isascii() or not content.content_type.isprintable():
        raise content.node.error("the media type is not printable ASCII; correct it")
    return content.content_type
