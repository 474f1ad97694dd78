"""Plan the class and the methods of an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from urllib.parse import quote

from codegen.planning.arguments import Arguments
from codegen.planning.names import (
    class_name,
    options_name,
)
from codegen.planning.package import Error, Operation
from codegen.planning.prose import one_line
from codegen.planning.python_types import TEXT
from codegen.planning.results import plan_result
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
    """Plan an operation.

    Args:
        operation: The operation.
        schemas: The document's.
        group: The class with its method.
        common_errors: Those that its docstring leaves out.
    """
    node = operation.node
    name = class_name(operation.name)
    planner = Arguments(operation, schemas, name)
    path, rest = planner.planned()
    # Fields of a struct without default must come first; the order is kept otherwise.
    rest.sort(key=lambda argument: argument.default is not None)
    arguments = (*path, *rest)
    result = plan_result(operation, schemas, f"{name}Result")
    outcome = "str" if result.is_redirect else result.type.annotation
    access = operation.access
    auth = access.auth
    scopes = node.texts("x-scopes")
    options = options_name(argument.name for argument in arguments)
    found = answers(operation)
    texts = OperationTexts(
        name=operation.name,
        node=node,
        arguments=arguments,
        answers=found,
        returns=outcome != "None",
        auth=auth,
        takes_options=bool(options),
        common_errors=common_errors,
    )
    content = planner.body
    return Operation(
        name=operation.name,
        class_name=name,
        tag=operation.tag,
        method=operation.method,
        also=second_methods(operation),
        path=_path(operation, {argument.wire: argument.name for argument in path}),
        summary=one_line(node.text("summary")),
        official_name=node.text("x-official-name"),
        deprecated=node.flag("deprecated"),
        auth=auth,
        key_in=access.key_in,
        token_optional=access.is_optional,
        scopes=scopes,
        token_types=node.texts("x-token-types"),
        any_token=node.flag("x-any-token"),
        result=outcome,
        is_page=node.flag("x-page"),
        reads=None if result.is_redirect or outcome == "None" else outcome,
        is_text=result.type.parts == TEXT.parts,
        redirect=result.is_redirect,
        redirect_member=result.redirect_member,
        statuses=result.statuses,
        arguments=arguments,
        from_path=tuple(planner.from_path),
        body_kind=content.kind if content else None,
        whole_body=planner.is_whole,
        optional_body=not (planner.is_whole or not content or content.required),
        content_type=_content_type(content),
        class_text=texts.for_class(f"{group}.{operation.name}"),
        method_text=texts.for_method(),
        async_text=texts.for_async_method(),
        errors=declared_errors(found),
        help=texts.for_help(),
        options=options,
        models=result.type.models.union(*(item.models for item in arguments)),
    )


def _path(operation: PathOperation, names: Mapping[str, str]) -> str:
    """Return the template with Python names, and the rest percent-encoded."""
    template = operation.prefix + operation.path
    pieces = re.split(r"\{([^{}]*)\}", template)
    return "".join(
        f"{{{names[piece]}}}" if index % 2 else quote(piece, safe=KEPT_IN_PATHS)
        for index, piece in enumerate(pieces)
    )


def _content_type(content: Body | None) -> str:
    if content is None or content.kind in ("multipart", "related"):
        return "application/json"  # Its boundary comes with the body.
    if "*" in content.content_type:
        subtype = "json" if content.kind == "json" else "octet-stream"
        return f"application/{subtype}"
    if not content.content_type.isascii() or not content.content_type.isprintable():
        raise content.node.error("the media type is not printable ASCII; correct it")
    return content.content_type
