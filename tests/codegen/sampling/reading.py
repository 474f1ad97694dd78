"""Read an API description with libraries of others: nothing here knows the generator.

openapi-spec-validator loads and validates the document, referencing resolves its references. What
differs between Swagger 2.0 and OpenAPI 3 ends here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from openapi_spec_validator import validate
from openapi_spec_validator.exceptions import OpenAPIError
from openapi_spec_validator.readers import read_from_filename
from referencing import Registry
from referencing.jsonschema import DRAFT4, DRAFT202012

__all__ = [
    "Answer",
    "Content",
    "Description",
    "Json",
    "OperationDescription",
    "Parameter",
    "Schema",
    "Scheme",
    "fault_of",
    "read",
]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
FORM_DATA = "multipart/form-data"
DEFAULT_STYLES = {
    "query": "form",
    "cookie": "form",
    "path": "simple",
    "header": "simple",
}
COLLECTIONS = {
    "csv": ("form", False),
    "multi": ("form", True),
    "ssv": ("spaceDelimited", False),
    "pipes": ("pipeDelimited", False),
    "tsv": ("tabDelimited", False),
}
"""Swagger's `collectionFormat` as style and explode."""
NOT_ARGUMENTS = ("accept", "authorization", "content-type")
"""Headers that are no parameters, whatever a document says."""

Json = Mapping[str, Any]
Where = Literal["path", "query", "header", "cookie", "form"]
"""`form` is a field of a form."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema of a document, and the place from which its references are resolved."""

    value: Json | bool
    resolver: Any = field(repr=False, compare=False)
    root: Json = field(repr=False, compare=False)

    def get(self, key: str) -> object:
        """Return a keyword's value."""
        return self.value.get(key) if isinstance(self.value, Mapping) else None

    def at(self, value: object) -> Schema:
        """Return a schema within this one."""
        return Schema(cast("Json | bool", value), self.resolver, self.root)

    def parts(self, key: str) -> list[Schema]:
        """Return the schemas of a list, such as `allOf`."""
        return [self.at(each) for each in cast("list[object]", self.get(key) or [])]

    def target(self) -> Schema | None:
        """Return the schema that `$ref` names."""
        reference = self.get("$ref")
        if not isinstance(reference, str):
            return None
        found = self.resolver.lookup(reference)
        return Schema(found.contents, found.resolver, self.root)

    @property
    def is_modern(self) -> bool:
        """Whether it is OpenAPI 3.1's, where `$ref` has siblings and null is a type."""
        return str(self.root.get("openapi", "")).startswith("3.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter, or a field of a form, and how it is sent."""

    name: str
    where: Where
    required: bool
    style: str
    explode: bool
    schema: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A body of one media type."""

    media_type: str
    schema: Schema | None
    encoding: Mapping[str, Json]
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A documented status and its bodies."""

    status: str
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A way of authorisation: `bearer`, `basic`, or the name and place of a key."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDescription:
    """What a document says of one method of one path."""

    operation_id: str | None
    method: str
    path: str
    servers: tuple[str, ...]
    """The servers that apply to it; relative where the document's are."""
    parameters: tuple[Parameter, ...]
    bodies: tuple[Content, ...]
    answers: tuple[Answer, ...]
    security: tuple[tuple[Scheme, ...], ...]
    """The alternatives; an empty one needs nothing, and no alternative means the same."""

    @property
    def label(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A document."""

    root: Json
    servers: tuple[str, ...]
    operations: tuple[OperationDescription, ...]
    events: Mapping[str, Schema]


def read(path: Path) -> Description:
    """Read a document."""
    root = cast("Json", read_from_filename(str(path))[0])
    is_modern = str(root.get("openapi", "")).startswith("3.1")
    return _Reader(root if is_modern else _tidied(root)).read()


def fault_of(path: Path) -> str | None:
    """Return why a document is not valid, in one line, or `None` if it is."""
    try:
        validate(cast("Any", read_from_filename(str(path))[0]))
    except OpenAPIError as error:
        return str(error).partition("\n")[0]
    return None


class _Reader:
    def __init__(self, root: Json) -> None:
        self._root = root
        self._is_swagger = "swagger" in root
        modern = str(root.get("openapi", "")).startswith("3.1")
        dialect = DRAFT202012 if modern else DRAFT4
        resource = dialect.create_resource(root)
        self._resolver = cast("Any", Registry()).with_resource("", resource).resolver()

    def read(self) -> Description:
        events = {
            name: self._schema(media["schema"])
            for name, item in self._root.get("webhooks", {}).items()
            for operation in self._follow(item).values()
            if isinstance(operation, Mapping) and "requestBody" in operation
            for media in self._follow(operation["requestBody"])["content"].values()
        }
        return Description(
            root=self._root,
            servers=self._servers(),
            operations=tuple(self._operations()),
            events=events,
        )

    def _operations(self) -> Iterator[OperationDescription]:
        for path, referring in self._root.get("paths", {}).items():
            if path.startswith("x-"):
                continue
            item = self._follow(referring)
            for method in item:
                if method in METHODS:
                    yield self._operation(path, method, item, item[method])

    def _operation(
        self, path: str, method: str, item: Json, operation: Json
    ) -> OperationDescription:
        declared: dict[tuple[str, str], Json] = {}
        for owner in (item, operation):
            for each in owner.get("parameters", []):
                found = self._follow(each)
                declared[found["in"], found["name"]] = found
        return OperationDescription(
            operation_id=operation.get("operationId"),
            method=method.upper(),
            path=path,
            servers=self._servers(operation, item),
            parameters=tuple(
                self._parameter(each)
                for (where, name), each in declared.items()
                if where in DEFAULT_STYLES
                and not (where == "header" and name.lower() in NOT_ARGUMENTS)
            ),
            bodies=tuple(self._bodies(operation, list(declared.values()))),
            answers=tuple(self._answers(operation)),
            security=tuple(
                tuple(self._scheme(name) for name in alternative)
                for alternative in operation.get(
                    "security", self._root.get("security", [])
                )
            ),
        )

    def _follow(self, value: Json) -> Json:
        while isinstance(value.get("$ref"), str):
            value = self._resolver.lookup(value["$ref"]).contents
        return value

    def _schema(self, value: object) -> Schema:
        return Schema(cast("Json | bool", value), self._resolver, self._root)

    def _servers(self, *owners: Json) -> tuple[str, ...]:
        if self._is_swagger:
            host = self._root.get("host")
            scheme = (self._root.get("schemes") or ["https"])[0]
            origin = f"{scheme}://{host}" if host else ""
            return (f"{origin}{self._root.get('basePath', '/')}",)
        for owner in (*owners, self._root):
            if owner.get("servers"):
                return tuple(map(_server_url, owner["servers"]))
        return ("/",)

    def _parameter(self, value: Json) -> Parameter:
        where = value["in"]
        if self._is_swagger:
            style, explode = COLLECTIONS[value.get("collectionFormat", "csv")]
            # In a path and in headers a list is joined by commas, whatever else it says.
            style = style if where in ("query", "formData") else "simple"
            schema = {key: each for key, each in value.items() if key != "required"}
        else:
            style = value.get("style", DEFAULT_STYLES[where])
            explode = value.get("explode", style == "form")
            schema = value.get("schema", {})
        return Parameter(
            name=value["name"],
            where=where,
            required=value.get("required", False),
            style=style,
            explode=explode,
            schema=self._schema(schema),
        )

    def _bodies(self, operation: Json, declared: list[Json]) -> Iterator[Content]:
        if not self._is_swagger:
            body = self._follow(operation.get("requestBody", {}))
            yield from self._contents(body.get("content", {}), body)
            return
        consumes = operation.get("consumes", self._root.get("consumes"))
        for whole in declared:
            if whole["in"] == "body":
                media = dict.fromkeys(consumes or [JSON], whole)
                yield from self._contents(media, whole)
        fields = [each for each in declared if each["in"] == "formData"]
        if fields:
            has_file = any(each.get("type") == "file" for each in fields)
            schema = {
                "type": "object",
                "required": [each["name"] for each in fields if each.get("required")],
                "properties": {each["name"]: _field(each) for each in fields},
            }
            encoding = {
                each["name"]: dict(
                    zip(
                        ("style", "explode"),
                        COLLECTIONS[each.get("collectionFormat", "csv")],
                        strict=True,
                    )
                )
                for each in fields
            }
            media = {"schema": schema, "encoding": encoding}
            chosen = consumes or [FORM_DATA if has_file else FORM]
            yield from self._contents(
                dict.fromkeys(chosen, media), {"required": bool(schema["required"])}
            )

    def _contents(self, media_types: Json, owner: Json) -> Iterator[Content]:
        for media_type, media in media_types.items():
            schema = media.get("schema")
            yield Content(
                media_type=media_type,
                schema=None if schema is None else self._schema(schema),
                encoding=media.get("encoding", {}),
                required=owner.get("required", False),
            )

    def _answers(self, operation: Json) -> Iterator[Answer]:
        for status, referring in operation.get("responses", {}).items():
            if str(status).startswith("x-"):
                continue
            answer = self._follow(referring)
            if answer.get("x-after-redirect"):
                continue  # It comes from the redirect's target, not from this operation.
            contents = answer.get("content", {})
            if self._is_swagger and "schema" in answer:
                is_file = answer["schema"].get("type") == "file"
                produces = operation.get("produces", self._root.get("produces"))
                fallback = "application/octet-stream" if is_file else JSON
                contents = dict.fromkeys(produces or [fallback], answer)
                if is_file:
                    binary = {"schema": {"type": "string", "format": "binary"}}
                    contents = dict.fromkeys(contents, binary)
            yield Answer(
                status=str(status), contents=tuple(self._contents(contents, {}))
            )

    def _scheme(self, name: str) -> Scheme:
        schemes = self._root.get("components", {}).get("securitySchemes")
        found = self._follow((schemes or self._root["securityDefinitions"])[name])
        kind = found["type"]
        if kind == "apiKey":
            return Scheme(kind=found["in"], name=found["name"])
        if kind == "http":
            return Scheme(kind=found["scheme"].lower())
        return Scheme(kind="basic" if kind == "basic" else "bearer")


def _field(value: Json) -> Json:
    """Return a field of a Swagger form as a member's schema."""
    skipped = ("in", "name", "required", "collectionFormat")
    schema = {key: each for key, each in value.items() if key not in skipped}
    if schema.get("type") == "file":
        schema |= {"type": "string", "format": "binary"}
    return schema


def _tidied(value: Any) -> Any:
    """Return an older document as its standard reads it.

    Nothing beside a reference counts, and a type says where null is allowed in Swagger.
    """
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            return {"$ref": value["$ref"]}
        value = {key: _tidied(each) for key, each in value.items()}
        if value.get("x-nullable") is True and isinstance(value.get("type"), str):
            value["type"] = [value["type"], "null"]
        return value
    return [_tidied(each) for each in value] if isinstance(value, list) else value


def _server_url(server: Json) -> str:
    variables = server.get("variables", {})
    return re.sub(
        r"\{([^{}]*)\}", lambda found: variables[found[1]]["default"], server["url"]
    )
