"""Plan a package: all decisions about the generated code are made here; templates only format it.

`operations.py` plans an operation, `schemas.py` types and models, `names.py` has the naming rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from codegen.planning.directions import Directions
from codegen.planning.models import Model, Use
from codegen.planning.names import class_name
from codegen.planning.naming import PREFIXES, Names, name_operations
from codegen.planning.operations import plan_operation
from codegen.planning.package import (
    Block,
    ClientClass,
    Group,
    ModelModule,
    Operation,
    Package,
)
from codegen.planning.prose import one_line
from codegen.planning.schemas import Schemas
from codegen.planning.texts import common_errors, group_text
from codegen.planning.unions import TaggedUnion
from codegen.reading.bodies import Body, body
from codegen.reading.check import check
from codegen.reading.document import Document, Node, Place, SpecError
from codegen.reading.flat import Flattener
from codegen.reading.paths import METHODS, PathOperation, component_schemas
from codegen.reading.problems import Problems
from codegen.reading.servers import default_base_url

QUOTED_OR_WORD = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\w+")


def plan(
    document: Document,
    problems: Problems,
    *,
    package: str,
    source: str,
    command: str,
    client: ClientClass | None = None,
    auth: str = "none",
) -> Package:
    """Plan the package of a document.

    What cannot be expressed is among the problems, and left out. `source` and `command` are for
    the header of each file, `client` is for a package whose client has another home or base than
    usual, and `auth`, one of `security.AUTH`, is what operations need that declare nothing.
    """
    names = name_operations(check(document, problems, auth), problems)
    # First, so that an object inside of a component is named after it, and not after an operation
    # that refers to the object.
    flattener = Flattener()
    directions = Directions(flattener, names.operations, _event_schemas(document))
    schemas, models = _components(document, problems, flattener, directions)
    common = common_errors(names.operations)
    groups: dict[str, list[Operation]] = {}
    for operation in names.operations:
        with problems.collecting(operation.label), schemas.undone_on_failure():
            group = names.groups[operation.module]
            planned = plan_operation(operation, schemas, group, common)
            # Models follow in the order of the operations that need them: a new operation adds
            # models in one place of the output, and moves none.
            models += list(schemas.found_models())
            groups.setdefault(operation.module, []).append(planned)
    used = frozenset[str]().union(
        *(item.models for items in groups.values() for item in items)
    )
    events, event_models = _events(document, schemas, models, used, problems)
    if not (groups or events or problems.found):
        raise document.root.error("has no operation; add one under 'paths'")
    moved = {model.name for model in event_models}
    unions = schemas.unions
    event_unions = [each for each in unions if moved & {*each.kinds.values()}]
    constants = _constants(unions)
    pages: dict[str, tuple[str, ...]] = {}
    for item in (item for items in groups.values() for item in items if item.is_page):
        pages[item.result] = (*pages.get(item.result, ()), item.shown_call)
    modules = [
        ModelModule(
            "models",
            "The models of the API.",
            [
                _finished(model, constants, pages.get(model.name, ()))
                for model in models
                if model.name not in moved
            ],
            [each for each in unions if each not in event_unions],
        )
    ]
    if events:
        found = [_finished(model, constants) for model in event_models]
        about = "The events that the API sends, by name."
        modules.append(ModelModule("webhooks", about, found, event_unions, events))
    tag_texts = {
        tag.text("name"): tag.text("description")
        for tag in document.root.listed("tags")
    }
    info = document.root.get("info")
    return Package(
        client=client or _client(document, package, names, models),
        name=package,
        title=(one_line(info.text("title")) if info else "") or package,
        source=one_line(source),
        command=command,
        left_out=tuple(problems.left_out),
        groups=tuple(
            _group(
                module,
                names.groups[module],
                group_text(tag_texts.get(items[0].tag, ""), items, common),
                items,
            )
            for module, items in groups.items()
        ),
        modules=tuple(modules),
    )


def _components(
    document: Document,
    problems: Problems,
    flattener: Flattener,
    directions: Directions,
) -> tuple[Schemas, list[Model]]:
    """Plan the shared schemas, without those that cannot be expressed."""
    components = list(component_schemas(document))
    broken: dict[Place, SpecError] = {}
    while True:
        schemas = Schemas(flattener, directions, components, problems, broken)
        models, found = list[Model](), len(broken)
        for key, node in components:
            if node.place in broken:
                continue
            try:
                models += schemas.models_of(node)
            except SpecError as error:
                broken[node.place] = error
                problems.add(error)
                problems.left_out.setdefault(f"schema {key}", error)
        # Those that refer to a broken one, and came before it, are broken as well.
        if len(broken) == found:
            return schemas, models


def _client(
    document: Document, package: str, names: Names, models: Iterable[Model]
) -> ClientClass:
    """Plan the client's class, which is called after the package."""
    last = package.rpartition(".")[2]
    taken = {class_name(each.name) for each in names.operations}
    taken |= {model.name for model in models}
    taken |= {
        f"{prefix}{group}" for group in names.groups.values() for prefix in PREFIXES
    }
    name = class_name(last)
    while {name, f"Async{name}"} & taken:
        name = f"{name}Client"
    return ClientClass(
        name=name,
        module="client",
        home=package,
        base="Client",
        variables=last.upper().strip("_"),
        default_base_url=default_base_url(document.root),
    )


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Return an annotation with other names; quoted words, the values of a `Literal`, stay."""
    return QUOTED_OR_WORD.sub(lambda found: names.get(found[0], found[0]), text)


def _group(
    module: str,
    group: str,
    text: Sequence[Block],
    operations: list[Operation],
) -> Group:
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
        tag=operations[0].tag,
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
        attributes={
            name: renamed(text, names) if name in ("result", "errors") else text
            for name, text in operation.attributes.items()
        },
        arguments=tuple(
            replace(argument, annotation=renamed(argument.annotation, names))
            for argument in operation.arguments
        ),
    )


def _constants(unions: Iterable[TaggedUnion]) -> dict[tuple[str, str], str]:
    """Return the tag of each model that has only one, by the model and its member."""
    tags: dict[tuple[str, str], set[str]] = {}
    for union in unions:
        for tag, model in union.kinds.items():
            tags.setdefault((model, union.tag), set()).add(tag)
    return {key: min(found) for key, found in tags.items() if len(found) == 1}


def _finished(
    model: Model,
    constants: Mapping[tuple[str, str], str],
    listed_by: tuple[str, ...] = (),
) -> Model:
    members = (
        replace(member, constant=constants.get((model.name, member.wire)))
        for member in model.members
    )
    return replace(model, members=tuple(members), listed_by=listed_by)


def _events(
    document: Document,
    schemas: Schemas,
    models: list[Model],
    used: frozenset[str],
    problems: Problems,
) -> tuple[dict[str, str], list[Model]]:
    """Return the events with their models, and which models only they use."""
    events: dict[str, str] = {}
    own: list[Model] = []
    for event, item in document.root.members("webhooks").items():
        if event.startswith("x-"):
            continue
        with problems.collecting(f"webhook {event}"), schemas.undone_on_failure():
            model = _event(schemas, problems, event, item)
            if model is not None:
                own += list(schemas.found_models())
                events[event] = model
    elsewhere = used.union(
        *(model.models for model in models),
        *(union.kinds.values() for union in schemas.unions),
    )
    only_here = {*events.values()} - elsewhere
    own += [model for model in models if model.name in only_here]
    return events, own


def _event(schemas: Schemas, problems: Problems, event: str, item: Node) -> str | None:
    """Return the model of an event; `None` for one without a body."""
    content = _event_body(item)
    if content is None:
        error = item.error("an event needs a method with a body")
        problems.choose("webhooks without a body, which are no events", event, error)
        return None
    if content.schema is None or content.kind != "json":
        raise item.error("an event needs a JSON body and its schema")
    kind = schemas.type_of(content.schema, f"{class_name(event)}Event", Use.ANSWER)
    is_union = kind.text in {union.name for union in schemas.unions}
    if len(kind.models) != 1 or kind.text not in kind.models or is_union:
        raise content.schema.error(
            "an event must be one object with known members; give it 'properties'"
        )
    return kind.text


def _event_body(item: Node) -> Body | None:
    # Nearly always POST. Whatever it is, what is of interest is the body.
    methods = (node for key, node in item.follow().items() if key in METHODS)
    return body(PathOperation(next(methods, item), item, "", "POST"))


def _event_schemas(document: Document) -> Iterator[Node]:
    for item in document.root.members("webhooks").values():
        with suppress(SpecError):
            content = _event_body(item)
            if content is not None and content.schema is not None:
                yield content.schema
