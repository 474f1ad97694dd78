"""Plan the class and the methods of an operation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote

from codegen.planning import docstrings
from codegen.planning.names import (
    OPERATION_ATTRIBUTES,
    class_name,
    is_secret_name,
    options_name,
    with_suffix,
)
from codegen.planning.package import Argument, Operation
from codegen.planning.python_types import TEXT, Type
from codegen.planning.results import plan_result
from codegen.planning.schemas import Member, Schemas, Use, python_name
from codegen.reading.document import Node
from codegen.reading.flat import Flat
from codegen.reading.openapi import (
    Body,
    Parameter,
    PathOperation,
    answers,
    body,
    parameters,
    second_methods,
    template_names,
)

__all__ = ["plan_operation"]

KEPT_IN_PATHS = "/%:@!$&'()*+,;=~-._"


def plan_operation(operation: PathOperation, schemas: Schemas) -> Operation:
    """Plan an operation.

    Raises:
        SpecError: A part of it cannot be expressed.
    """
    return _Planner(operation, schemas).operation()


class _Planner:
    """Plans one operation, in steps that share its parts."""

    def __init__(self, operation: PathOperation, schemas: Schemas) -> None:
        self._operation = operation
        self._node = operation.node
        self._schemas = schemas
        self._class_name = class_name(operation.name)
        declared = [
            part for each in parameters(operation) for part in self._singly(each)
        ]
        self._in_path = {item.name: item for item in declared if item.where == "path"}
        self._elsewhere = [item for item in declared if item.where != "path"]
        self._body = body(operation)
        self._members = self._known_members()
        self._whole_body = self._body is not None and self._members is None
        whole = {"body"} if self._whole_body else set()
        self._taken = OPERATION_ATTRIBUTES | {self._class_name} | whole
        self._from_path: list[tuple[str, str]] = []

    def _singly(self, parameter: Parameter) -> Iterator[Parameter]:
        """Yield a parameter; of an object in the query, its members as parameters each."""
        flat = self._schemas.flatten(parameter.schema)
        is_exploded = parameter.is_deep or parameter.separator is None
        if parameter.where != "query" or not (flat.is_object and is_exploded):
            yield parameter
            return
        for name, schema in flat.properties.items():
            yield replace(
                parameter,
                name=f"{parameter.name}[{name}]" if parameter.is_deep else name,
                node=schema,
                schema=schema,
                required=parameter.required and name in flat.required,
                description=self._schemas.flatten(schema).description,
                separator=None,
                is_deep=False,
            )

    def operation(self) -> Operation:
        path, rest = self._arguments()
        # Fields of a struct without default must come first; the order is kept otherwise.
        rest.sort(key=lambda argument: argument.default is not None)
        arguments = (*path, *rest)
        result = plan_result(
            self._operation, self._schemas, f"{self._class_name}Result"
        )
        outcome = "str" if result.is_redirect else result.type.annotation
        access = self._operation.access
        auth = access.auth
        scopes = self._node.texts("x-scopes")
        options = options_name(argument.name for argument in arguments)
        texts = docstrings.OperationTexts(
            name=self._operation.name,
            node=self._node,
            arguments=arguments,
            answers=answers(self._operation),
            returns=outcome != "None",
            auth=auth,
            options=options,
        )
        content = self._body
        return Operation(
            name=self._operation.name,
            class_name=self._class_name,
            tag=self._operation.tag,
            method=self._operation.method,
            also=second_methods(self._operation),
            path=self._path({argument.wire: argument.name for argument in path}),
            summary=docstrings.one_line(self._node.text("summary")),
            official_name=self._node.text("x-official-name"),
            deprecated=self._node.flag("deprecated"),
            auth=auth,
            key_in=access.key_in,
            token_optional=access.is_optional,
            scopes=scopes,
            token_types=self._node.texts("x-token-types"),
            any_token=self._node.flag("x-any-token"),
            result=outcome,
            is_page=self._node.flag("x-page"),
            reads=None if result.is_redirect or outcome == "None" else outcome,
            is_text=result.type.parts == TEXT.parts,
            redirect=result.is_redirect,
            redirect_member=result.redirect_member,
            statuses=result.statuses,
            arguments=arguments,
            from_path=tuple(self._from_path),
            body_kind=content.kind if content else None,
            whole_body=self._whole_body,
            optional_body=not (self._whole_body or not content or content.required),
            content_type=self._content_type(),
            class_text=texts.for_class(),
            method_text=texts.for_method(),
            help=texts.for_help(),
            options=options,
            models=result.type.models.union(*(item.models for item in arguments)),
        )

    # --- arguments ---------------------------------------------------------------------------

    def _arguments(self) -> tuple[list[Argument], list[Argument]]:
        """Return the arguments in the path, and those elsewhere."""
        places: dict[str, str] = {}

        def claimed(node: Node, argument: Argument) -> Argument:
            if argument.name in places:
                error = node.error(
                    f"{argument.wire!r} results in the Python name {argument.name!r}, like another"
                    " argument; give one an 'x-python-name'"
                )
                name = with_suffix(argument.name, places.__contains__)
                why = "a name that another argument has, so another one"
                self._schemas.problems.choose(why, f"{argument.wire} is {name}", error)
                argument = replace(argument, name=name)
            places[argument.name] = argument.where
            return argument

        in_path = [self._in_path[wire] for wire in template_names(self._operation.path)]
        path = [claimed(each.node, self._parameter(each, {})) for each in in_path]
        rest = [
            claimed(each.node, self._parameter(each, places))
            for each in self._elsewhere
        ]
        return path, rest + [
            claimed(*found) for found in self._body_arguments(dict(places))
        ]

    def _parameter(self, parameter: Parameter, places: Mapping[str, str]) -> Argument:
        schema = self._schemas.flatten(parameter.schema)
        owner = self._class_name + class_name(parameter.name)
        kind = self._schemas.type_of(parameter.schema, owner, Use.ARGUMENT)
        families = {part.family for part in kind.parts}
        if "dict" in families:
            raise parameter.node.error(
                "an object cannot be sent here; describe its members singly"
            )
        required = parameter.required or parameter.where == "path"
        limits = self._schemas.limits(schema)
        return Argument(
            name=self._name(parameter.node, parameter.name, parameter.where, places),
            annotation=_annotation(kind, required=required, is_file=parameter.is_file),
            default=None if required else "None",
            where="body" if parameter.where == "formData" else parameter.where,
            wire=parameter.name,
            text=docstrings.argument_text(
                parameter.description or schema.description,
                limits,
                schema.word("default"),
                fallback=_fallback(parameter),
            ),
            rule=limits.rule(required=required),
            separator=parameter.separator if "list" in families else None,
            is_file=parameter.is_file,
            secret=parameter.node.flag(
                "x-secret", self._schemas.is_secret(parameter.name, schema, kind)
            ),
            models=kind.models,
        )

    def _name(
        self, node: Node, wire: str, where: str, places: Mapping[str, str]
    ) -> str:
        """Return the Python name, prefixed by the place if an argument elsewhere has it."""
        name = python_name(node, wire, self._taken)
        where = "body" if where == "formData" else where
        if places.get(name, where) == where:
            return name
        return python_name(node, f"{where}_{wire}", self._taken)

    def _known_members(self) -> Flat | None:
        """Return the body's schema, if its members can be arguments."""
        content = self._body
        if content is None or content.kind == "bytes":
            return None
        if content.schema is None:
            return Flat(content.node) if content.fields else None
        flat = self._schemas.flatten(content.schema)
        is_plain = flat.is_object and set(flat.types) <= {"object", "null"}
        return flat if is_plain else None

    def _body_arguments(self, places: Mapping[str, str]) -> list[tuple[Node, Argument]]:
        content = self._body
        if content is None:
            return []
        if content.fields:
            return [
                (item.node, self._parameter(item, places)) for item in content.fields
            ]
        if self._members is None:
            return [(content.node, self._whole(content))]
        members = list(
            self._schemas.members(
                self._members, self._class_name, Use.ARGUMENT, self._taken
            )
        )
        found = []
        for member in members:
            schema = self._schemas.flatten(member.node)
            if schema.word("readOnly") is True:
                continue
            if (source := schema.words.get("x-from-path")) is not None:
                self._repeat(source, member.wire)
            else:
                found.append((member.node, self._member(content, member, places)))
        if content.kind == "related" and not any(
            argument.name == argument.wire == "file" and argument.default is None
            for _, argument in found
        ):
            raise content.node.error(
                "a 'multipart/related' body needs a required member 'file'"
            )
        self._check_aliases(members)
        return found

    def _member(
        self, content: Body, member: Member, places: Mapping[str, str]
    ) -> Argument:
        required = member.required and content.required
        kind, annotation = member.type, member.type.annotation
        is_file = content.kind == "multipart" and self._schemas.is_file(member.node)
        if content.kind == "related" and member.wire == "file":
            annotation = "FileSource"
        elif is_file:
            is_list = any(part.family == "list" for part in kind.parts)
            annotation = _annotation(
                kind, required=required, is_file=True, is_list=is_list
            )
        elif not required:
            annotation = kind.unset if kind.nullable else kind.optional
        return Argument(
            name=self._name(member.node, member.wire, "body", places),
            annotation=annotation,
            default=None
            if required
            else "UNSET"
            if kind.nullable and not is_file
            else "None",
            is_file=is_file,
            where="body",
            wire=member.wire,
            text=docstrings.argument_text(
                docstrings.described(member),
                member.limits,
                member.default,
                fallback=f"`{member.wire}` in the body.",
            ),
            nullable=kind.nullable,
            rule=member.limits.rule(required=required),
            secret=member.secret,
            credential=self._is_credential(member),
            models=kind.models,
        )

    def _is_credential(self, member: Member) -> bool:
        declared = self._schemas.flatten(member.node).words.get("x-credential")
        if declared is None:
            return member.secret and is_secret_name(member.wire)
        if declared.value is not True or not member.secret:
            raise declared.error("must be true, and the member an 'x-secret'")
        return True

    def _whole(self, content: Body) -> Argument:
        annotation, models = "bytes", frozenset[str]()
        media_type = docstrings.one_line(content.content_type)
        text = f"The bytes to send, of type `{media_type}`."
        if content.kind == "form":
            annotation, text = "dict[str, object]", "The fields of the form."
        elif content.kind == "multipart":
            raise content.node.error(
                "a 'multipart/form-data' body needs a schema with its members"
            )
        elif content.kind == "related":
            raise content.node.error(
                "a 'multipart/related' body needs a schema with a 'file'"
            )
        elif content.kind == "json":
            text = "The whole body."
            annotation = "object"
            if content.schema is not None:
                owner = f"{self._class_name}Body"
                kind = self._schemas.type_of(content.schema, owner, Use.ANSWER)
                annotation, models = kind.annotation, kind.models
        described = content.description
        if not described and content.schema is not None:
            described = self._schemas.flatten(content.schema).description
        optional = annotation if annotation.endswith("None") else f"{annotation} | None"
        return Argument(
            name="body",
            annotation=annotation if content.required else optional,
            default=None if content.required else "None",
            where="body",
            wire="body",
            text=docstrings.sentence(described) or text,
            models=models,
        )

    def _repeat(self, source: Node, wire: str) -> None:
        if not isinstance(source.value, str) or source.value not in self._in_path:
            raise source.error(
                f"the path has no parameter {source.value!r}; name one that it has"
            )
        node = self._in_path[source.value].node
        name = python_name(node, source.value, self._taken)
        self._from_path.append((name, wire))

    def _check_aliases(self, members: Iterable[Member]) -> None:
        """Check that every alias means one member."""
        taken = {member.wire for member in members}
        for member in members:
            for alias in member.limits.aliases:
                if alias in taken:
                    raise member.node.error(
                        f"another member has the name {alias!r} too"
                    )
                taken.add(alias)

    # --- the rest ----------------------------------------------------------------------------

    def _path(self, names: Mapping[str, str]) -> str:
        """Return the template with Python names, and the rest percent-encoded."""
        template = self._operation.prefix + self._operation.path
        pieces = re.split(r"\{([^{}]*)\}", template)
        return "".join(
            f"{{{names[piece]}}}" if index % 2 else quote(piece, safe=KEPT_IN_PATHS)
            for index, piece in enumerate(pieces)
        )

    def _content_type(self) -> str:
        content = self._body
        if content is None or content.kind in ("multipart", "related"):
            return "application/json"  # Its boundary comes with the body.
        if "*" in content.content_type:
            subtype = "json" if content.kind == "json" else "octet-stream"
            return f"application/{subtype}"
        if not content.content_type.isascii() or not content.content_type.isprintable():
            raise content.node.error(
                "the media type is not printable ASCII; correct it"
            )
        return content.content_type


def _annotation(
    kind: Type, *, required: bool, is_file: bool, is_list: bool = False
) -> str:
    """Return the annotation of an argument; files are passed as what is read."""
    if not is_file:
        return kind.text or "None" if required else kind.optional
    annotation = "list[FileSource]" if is_list else "FileSource"
    return annotation if required else f"{annotation} | None"


def _fallback(parameter: Parameter) -> str:
    if parameter.where == "header":
        return f"The header `{parameter.name}`."
    where = "form" if parameter.where == "formData" else parameter.where
    return f"`{parameter.name}` in the {where}."
