"""Plan the arguments of an operation: its parameters, and the members of its body or the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from codegen.planning.models import Member, Use, is_secret, python_name
from codegen.planning.names import (
    EXTRA,
    OPERATION_ATTRIBUTES,
    class_name,
    free_name,
    is_secret_name,
    with_suffix,
)
from codegen.planning.package import Argument
from codegen.planning.prose import one_line, sentence
from codegen.planning.python_types import Type
from codegen.planning.schemas import Schemas
from codegen.planning.texts import argument_text, described
from codegen.reading.bodies import Body, body
from codegen.reading.document import Node
from codegen.reading.flat import Flat
from codegen.reading.parameters import Parameter, parameters
from codegen.reading.paths import PathOperation, template_names


class Arguments:
    """Plans the arguments of one operation, whose class is `owner`, in steps that share parts."""

    def __init__(self, operation: PathOperation, schemas: Schemas, owner: str) -> None:
        self._operation = operation
        self._schemas = schemas
        self._class_name = owner
        declared = [
            part for each in parameters(operation) for part in self._singly(each)
        ]
        self._in_path = {item.name: item for item in declared if item.where == "path"}
        self._elsewhere = [item for item in declared if item.where != "path"]
        self.body = body(operation)
        self._members = self._known_members()
        self.is_whole = self.body is not None and self._members is None
        whole = {"body"} if self.is_whole else set()
        self._taken = OPERATION_ATTRIBUTES | {self._class_name} | whole
        self.from_path: list[tuple[str, str]] = []

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
                # No style has a form for an object in an object: this one is used for it.
                is_deep="object" in self._schemas.flatten(schema).types,
            )

    def planned(self) -> tuple[list[Argument], list[Argument]]:
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
        wire = parameter.name
        if "dict" in families:
            wire = self._map_wire(parameter, kind)
        required = parameter.required or parameter.where == "path"
        limits = self._schemas.limits(schema)
        return Argument(
            name=self._name(parameter.node, parameter.name, parameter.where, places),
            annotation=_annotation(kind, required=required, is_file=parameter.is_file),
            default=None if required else "None",
            where="body" if parameter.where == "formData" else parameter.where,
            wire=wire,
            text=argument_text(
                parameter.description or schema.description,
                limits,
                schema.word("default"),
                fallback=_fallback(parameter),
            ),
            rule=limits.rule(required=required),
            separator=parameter.separator if "list" in families else None,
            is_file=parameter.is_file,
            secret=parameter.node.flag(
                "x-secret", is_secret(parameter.name, schema, kind)
            ),
            models=kind.models,
        )

    def _map_wire(self, parameter: Parameter, kind: Type) -> str:
        """Return the name in the query of each value of a mapping."""
        is_plain = len(kind.parts) == 1 and not kind.models
        if parameter.where != "query" or not is_plain:
            raise parameter.node.error(
                "an object cannot be sent here; describe its members singly"
            )
        if parameter.is_deep:
            return f"{parameter.name}[{EXTRA}]"
        if parameter.separator is not None:
            raise parameter.node.error(
                "a mapping is not sent as one value; let it 'explode', or use 'deepObject'"
            )
        return EXTRA

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
        content = self.body
        if content is None or content.kind == "bytes":
            return None
        if content.schema is None:
            return Flat(content.node) if content.fields else None
        flat = self._schemas.flatten(content.schema)
        is_plain = flat.is_object and set(flat.types) <= {"object", "null"}
        return flat if is_plain else None

    def _body_arguments(self, places: Mapping[str, str]) -> list[tuple[Node, Argument]]:
        content = self.body
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
            words = self._schemas.flatten(member.node).words
            if (source := words.get("x-from-path")) is not None:
                self._repeat(source, member.wire)
            else:
                found.append((member.node, self._member(content, member, places)))
        taken = {*places, *(argument.name for _, argument in found)}
        found += self._further_members(content, self._members, taken)
        if content.kind == "related" and not any(
            argument.name == argument.wire == "file" and argument.default is None
            for _, argument in found
        ):
            raise content.node.error(
                "a 'multipart/related' body needs a required member 'file'"
            )
        self._check_aliases(members)
        return found

    def _further_members(
        self, content: Body, flat: Flat, taken: set[str]
    ) -> Iterator[tuple[Node, Argument]]:
        kind = self._schemas.further(flat, self._class_name, Use.ARGUMENT)
        if kind is not None and content.kind != "related":
            argument = Argument(
                name=free_name("extra", taken | self._taken),
                annotation=kind.optional,
                default="None",
                where="body",
                wire=EXTRA,
                text="Further members, by their names.",
                models=kind.models,
            )
            yield content.node, argument

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
            text=argument_text(
                described(member),
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
        media_type = one_line(content.content_type)
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
                kind = self._schemas.type_of(content.schema, owner, Use.INPUT)
                annotation, models = kind.annotation, kind.models
        elif self._is_text(content):
            annotation, text = "str", f"The text to send, of type `{media_type}`."
        about = content.description
        if not about and content.schema is not None:
            about = self._schemas.flatten(content.schema).description
        optional = annotation if annotation.endswith("None") else f"{annotation} | None"
        return Argument(
            name="body",
            annotation=annotation if content.required else optional,
            default=None if content.required else "None",
            where="body",
            wire="body",
            text=sentence(about) or text,
            models=models,
        )

    def _is_text(self, content: Body) -> bool:
        schema = content.schema
        return (
            content.content_type.lower().startswith("text/")
            and schema is not None
            and self._schemas.is_text(schema)
        )

    def _repeat(self, source: Node, wire: str) -> None:
        if not isinstance(source.value, str) or source.value not in self._in_path:
            raise source.error(
                f"the path has no parameter {source.value!r}; name one that it has"
            )
        node = self._in_path[source.value].node
        name = python_name(node, source.value, self._taken)
        self.from_path.append((name, wire))

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
