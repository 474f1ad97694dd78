"""Plan a package: all decisions about the generated code are made here; templates only format it.

`operations.py` plans an operation, `schemas.py` types and models, `names.py` has the naming rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from codegen import docstrings
from codegen.document import Document
from codegen.names import class_name, module_name
from codegen.openapi import PathOperation, body, component_schemas, path_operations
from codegen.operations import plan_operation
from codegen.package import Block, Field, Group, ModelClass, Operation, Package
from codegen.schemas import Model, Schemas, Use

__all__ = ["plan", "renamed"]

QUOTED_OR_WORD = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\w+")


def plan(document: Document, package: str, source: str, command: str) -> Package:
    """Plan the package of a document.

    Args:
        document: A document that passed `check`.
        package: Import name of the package.
        source: Name of the document in the header of each file.
        command: The command in the header of each file.

    Raises:
        SpecError: A part of the document cannot be expressed.
    """
    schemas = Schemas(component_schemas(document))
    # First, so that an object inside of a component is named after it, and not after an operation
    # that refers to the object.
    models = list(schemas.component_models())
    tags: dict[str, list[Operation]] = {}
    for operation in path_operations(document):
        tags.setdefault(operation.node.texts("tags")[0], []).append(
            plan_operation(operation, schemas)
        )
        # Models follow in the order of the operations that need them: a new operation adds models
        # in one place of the output, and moves none.
        models += schemas.found_models()
    used = frozenset[str]().union(
        *(item.models for items in tags.values() for item in items)
    )
    events, event_models = _events(document, schemas, models, used)
    moved = {model.name for model in event_models}
    pages: dict[str, tuple[str, ...]] = {}
    for item in (item for items in tags.values() for item in items if item.is_page):
        pages[item.result] = (*pages.get(item.result, ()), item.shown_call)
    about = {
        tag.text("name"): docstrings.paragraphs(tag.text("description"))
        for tag in document.root.listed("tags")
    }
    info = document.root.get("info")
    return Package(
        name=package,
        title=docstrings.one_line(info.text("title")) if info else "",
        source=docstrings.one_line(source),
        command=command,
        groups=tuple(
            _group(tag, about.get(tag, []), found) for tag, found in tags.items()
        ),
        models=tuple(
            _model_class(model, pages.get(model.name, ()))
            for model in models
            if model.name not in moved
        ),
        events=events,
        event_models=tuple(map(_model_class, event_models)),
    )


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Return an annotation with other names; quoted words, the values of a `Literal`, stay."""
    return QUOTED_OR_WORD.sub(lambda found: names.get(found[0], found[0]), text)


def _group(tag: str, text: Sequence[Block], operations: list[Operation]) -> Group:
    module = module_name(tag)
    group = class_name(module)
    taken = {group, f"Async{group}", f"Raw{group}", f"AsyncRaw{group}"}
    taken |= {name for item in operations for name in (item.class_name, item.name)}
    aliases: dict[str, str] = {}
    for model in sorted(frozenset[str]().union(*(item.models for item in operations))):
        alias = model
        # An import under the name of a class of this module would be hidden by it.
        while alias in taken:
            alias = f"{alias}Model"
        aliases[model] = alias
        taken.add(alias)
    changed = {model: alias for model, alias in aliases.items() if model != alias}
    return Group(
        tag=tag,
        module=module,
        class_name=group,
        text=text,
        operations=tuple(_with_names(operation, changed) for operation in operations),
        imports=tuple(
            model if model == alias else f"{model} as {alias}"
            for model, alias in aliases.items()
        ),
    )


def _with_names(operation: Operation, names: Mapping[str, str]) -> Operation:
    if not names:
        return operation
    return replace(
        operation,
        result=renamed(operation.result, names),
        reads=renamed(operation.reads, names) if operation.reads else None,
        arguments=tuple(
            replace(argument, annotation=renamed(argument.annotation, names))
            for argument in operation.arguments
        ),
    )


def _model_class(model: Model, listed_by: tuple[str, ...] = ()) -> ModelClass:
    return ModelClass(
        name=model.name,
        text=docstrings.model_text(model),
        is_closed=model.is_closed,
        listed_by=listed_by,
        fields=tuple(
            Field(
                name=member.name,
                wire=member.wire,
                annotation=member.type.annotation
                if member.required
                else member.type.optional,
                required=member.required,
                secret=member.secret,
                rule=member.limits.rule(required=member.required),
            )
            for member in model.members
        ),
        models=frozenset(name for each in model.members for name in each.type.models),
    )


def _events(
    document: Document, schemas: Schemas, models: list[Model], used: frozenset[str]
) -> tuple[tuple[tuple[str, str], ...], list[Model]]:
    """Return the events with their models, and which models only they use."""
    events: dict[str, str] = {}
    own: list[Model] = []
    for event, item in document.root.members("webhooks").items():
        if event.startswith("x-"):
            continue
        operation = PathOperation(item.follow().get("post") or item, item, "", "POST")
        content = body(operation)
        if content is None or content.schema is None or content.kind != "json":
            raise item.error("an event needs a 'post' with a JSON body and its schema")
        kind = schemas.type_of(content.schema, f"{class_name(event)}Event", Use.ANSWER)
        if len(kind.models) != 1 or kind.text not in kind.models:
            raise content.schema.error("an event must be one object with known members")
        events[event] = kind.text
        own += schemas.found_models()
    elsewhere = used.union(
        *(member.type.models for model in models for member in model.members)
    )
    only_here = {*events.values()} - elsewhere
    own += [model for model in models if model.name in only_here]
    return tuple(events.items()), own
