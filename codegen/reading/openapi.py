"""Read an operation from Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1.

The differences between the versions end here; places in errors stay the document's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codegen.reading.document import Document, Node, SpecError, words
from codegen.reading.problems import Problems
from codegen.reading.security import NOTHING, Access

__all__ = [
    "METHODS",
    "Answer",
    "Body",
    "Parameter",
    "PathOperation",
    "answers",
    "body",
    "component_schemas",
    "is_json",
    "is_swagger",
    "parameters",
    "path_operations",
    "second_methods",
    "template_names",
]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
PATH_ITEM_WORDS = {"$ref", "summary", "description", "parameters", "servers", *METHODS}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
FORM_DATA = "multipart/form-data"
KINDS = {FORM: "form", FORM_DATA: "multipart", "multipart/related": "related"}
IGNORED_HEADERS = ("accept", "authorization", "content-type")
STYLES = {
    "path": ("simple",),
    "query": ("form", "deepObject", "spaceDelimited", "pipeDelimited"),
    "header": ("simple",),
}
"""The styles of each place; the first is the default."""
SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}
COLLECTIONS = {"csv": ",", "multi": None, "ssv": " ", "tsv": "\t", "pipes": "|"}

PARAMETER_WORDS = words("name in description required allowEmptyValue")
OPENAPI_PARAMETER_WORDS = PARAMETER_WORDS | words(
    "schema style explode allowReserved deprecated example examples"
)
SWAGGER_PARAMETER_WORDS = PARAMETER_WORDS | {"collectionFormat"}


@dataclass(frozen=True, slots=True)
class PathOperation:
    """One method of one path."""

    node: Node
    path_item: Node
    path: str
    method: str
    name: str = ""
    """The function's; this, the tag and the module are chosen in `naming.py`."""
    tag: str = ""
    module: str = ""
    prefix: str = ""
    """What comes before the path, below the client's base URL, by the operation's servers."""
    access: Access = NOTHING

    @property
    def label(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument in the path, the query or a header, or a field of a Swagger form."""

    node: Node
    name: str
    where: str
    required: bool
    description: str
    schema: Node
    separator: str | None
    """What separates a list that is sent as one value; `None` for a value each."""
    is_deep: bool = False
    """Whether the members of an object are sent as `name[member]`."""
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body; `kind` is `json`, `form`, `multipart`, `related` or `bytes`."""

    node: Node
    kind: str
    content_type: str
    required: bool
    description: str
    schema: Node | None
    fields: tuple[Parameter, ...] = ()
    """Of a Swagger form, which has no schema."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A documented status; `schema` is `None` where no body is described."""

    node: Node
    status: str
    description: str
    content_type: str | None
    schema: Node | None


def is_swagger(document: Document) -> bool:
    """Return whether the document is Swagger 2.0 rather than OpenAPI 3."""
    return document.root.has("swagger")


def path_operations(document: Document, problems: Problems) -> Iterator[PathOperation]:
    """Yield the operations in the document's order, without methods that are `x-same-as` another.

    Paths and methods that cannot be read are among the problems.
    """
    for path, referring in document.root.members("paths").items():
        if path.startswith("x-"):
            continue
        with problems.collecting(path):
            item = referring.follow()
            for key, member in item.items():
                if key not in PATH_ITEM_WORDS and not key.startswith("x-"):
                    problems.add(
                        member.error(
                            f"{key!r} is not a supported method; remove or correct it"
                        )
                    )
            for method, node in _methods(item):
                with problems.collecting(f"{method} {path}"):
                    if not _is_second(item, node):
                        yield PathOperation(node, item, path, method)


def _methods(path_item: Node) -> Iterator[tuple[str, Node]]:
    for key, node in path_item.items():
        if key in METHODS:
            yield key.upper(), node


def _is_second(path_item: Node, node: Node) -> bool:
    same = node.get("x-same-as")
    if same is None:
        return False
    if not any(
        each.text("operationId") == same.value and not each.has("x-same-as")
        for _, each in _methods(path_item)
    ):
        raise same.error(f"the path has no operation {same.value!r}; name one it has")
    return True


def second_methods(operation: PathOperation) -> tuple[str, ...]:
    """Return the other methods that mean the same operation."""
    return tuple(
        method
        for method, node in _methods(operation.path_item)
        if node.text("x-same-as") == operation.node.text("operationId") != ""
    )


def template_names(path: str) -> list[str]:
    """Return the parameters that a path template names, in their order."""
    return re.findall(r"\{([^{}]*)\}", path)


def component_schemas(document: Document) -> Iterator[tuple[str, Node]]:
    """Yield the shared schemas by name."""
    if is_swagger(document):
        yield from document.root.members("definitions").items()
    elif (components := document.root.get("components")) is not None:
        yield from components.members("schemas").items()


def parameters(operation: PathOperation) -> list[Parameter]:
    """Return an operation's parameters; its own replace those of its path.

    Raises:
        SpecError: A parameter is of a kind that cannot be sent.
    """
    found: dict[tuple[str, str], Parameter] = {}
    for owner in (operation.path_item, operation.node):
        here: set[tuple[str, str]] = set()
        for item in owner.listed("parameters"):
            node = item.follow()
            where, name = node.text("in"), node.text("name")
            if not name or not where:
                raise item.error("a parameter needs 'name' and 'in'")
            if (where, name) in here:
                raise item.error(
                    f"the {where} parameter {name!r} is given twice; keep one"
                )
            here.add((where, name))
            if where in ("body", "formData") and is_swagger(node.document):
                continue
            parameter = _parameter(node, name, where)
            if parameter is not None:
                found[where, name] = parameter
    return list(found.values())


def body(operation: PathOperation) -> Body | None:
    """Return what an operation sends, or `None`.

    Raises:
        SpecError: It is of a media type that cannot be sent.
    """
    if is_swagger(operation.node.document):
        return _swagger_body(operation)
    node = operation.node.get("requestBody")
    if node is None:
        return None
    node = node.follow()
    node.reject_unknown(words("description content required"))
    media_types = node.members("content")
    content_type, kind = _sendable(list(media_types), node.get("content") or node)
    media = media_types[content_type]
    media.reject_unknown(words("schema example examples encoding"))
    return _whole_body(media, node, kind, content_type)


def answers(operation: PathOperation) -> list[Answer]:
    """Return the documented answers of an operation."""
    found = []
    for status, item in operation.node.members("responses").items():
        if status.startswith("x-"):
            continue
        if not re.fullmatch(r"default|[1-5](XX|[0-9]{2})", status):
            raise item.error(
                f"{status!r} is not a status; use one such as '200' or 'default'"
            )
        response = item.follow()
        content_type, schema = _answer_content(operation, response)
        description = response.text("description")
        found.append(Answer(response, status, description, content_type, schema))
    return found


def is_json(content_type: str) -> bool:
    """Return whether a media type is JSON, or `*/*`, by which APIs mean JSON."""
    plain = content_type.partition(";")[0].strip().lower()
    return plain in (JSON, "text/json", "*/*", "application/*") or plain.endswith(
        "+json"
    )


def _parameter(node: Node, name: str, where: str) -> Parameter | None:
    if where == "cookie" and not node.flag("required"):
        return None
    if where == "header" and name.lower() in IGNORED_HEADERS:
        return None
    if where not in STYLES:
        raise node.error(
            f"parameters in {where!r} are not supported; use path, query or header"
        )
    if where == "header" and not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise node.error(f"{name!r} is not a valid header name; correct it")
    return _argument(node, name, where)


def _argument(node: Node, name: str, where: str) -> Parameter:
    is_old = is_swagger(node.document)
    read = _swagger_schema if is_old else _openapi_schema
    schema, separator = read(node, where)
    return Parameter(
        node=node,
        name=name,
        where=where,
        required=node.flag("required"),
        description=node.text("description"),
        schema=schema,
        separator=separator,
        is_deep=not is_old and node.text("style") == "deepObject",
        is_file=is_old and node.text("type") == "file",
    )


def _openapi_schema(node: Node, where: str) -> tuple[Node, str | None]:
    node.reject_unknown(OPENAPI_PARAMETER_WORDS)
    schema = node.get("schema")
    if schema is None:
        raise node.error("a parameter needs a 'schema'")
    known = STYLES[where]
    style = node.text("style") or known[0]
    if style not in known:
        raise node.error(
            f"the style {style!r} is not supported; use {' or '.join(map(repr, known))}"
        )
    separator = SEPARATORS.get(style)
    is_single = where == "query" and not node.flag("explode", default=style == "form")
    return schema, (separator or ",") if is_single else None


def _swagger_schema(node: Node, where: str) -> tuple[Node, str | None]:
    collection = node.text("collectionFormat") or "csv"
    if collection not in COLLECTIONS:
        raise node.error(
            f"collectionFormat {collection!r} is not one; use 'csv' or 'multi'"
        )
    members = {
        key: member.value
        for key, member in node.items()
        if key not in SWAGGER_PARAMETER_WORDS
    }
    schema = Node(node.document, node.place, members)
    return schema, None if where == "path" else COLLECTIONS[collection]


def _swagger_body(operation: PathOperation) -> Body | None:
    fields: dict[str, Parameter] = {}
    whole: Node | None = None
    for owner in (operation.path_item, operation.node):
        for item in owner.listed("parameters"):
            node = item.follow()
            if node.text("in") == "body":
                whole = node
            elif node.text("in") == "formData":
                name = node.text("name")
                fields[name] = _argument(node, name, "formData")
    if whole is not None and fields:
        raise whole.error("a body and form fields exclude each other; keep one")
    consumes = _media_types(operation, "consumes")
    if fields:
        found = tuple(fields.values())
        needed = any(field.required for field in found)
        has_file = any(field.is_file for field in found)
        content_type = (
            FORM_DATA if has_file or FORM not in (consumes or [FORM]) else FORM
        )
        if consumes and content_type not in consumes:
            raise _unsupported(consumes, operation.node)
        kind = KINDS[content_type]
        return Body(operation.node, kind, content_type, needed, "", None, found)
    if whole is None:
        return None
    content_type, kind = _sendable(consumes or [JSON], operation.node)
    whole.reject_unknown(words("name in description required schema"))
    return _whole_body(whole, whole, kind, content_type)


def _whole_body(media: Node, owner: Node, kind: str, content_type: str) -> Body:
    return Body(
        node=media,
        kind=kind,
        content_type=content_type,
        required=owner.flag("required"),
        description=owner.text("description"),
        schema=media.get("schema"),
    )


def _answer_content(
    operation: PathOperation, response: Node
) -> tuple[str | None, Node | None]:
    if is_swagger(operation.node.document):
        schema = response.get("schema")
        if schema is None:
            return None, None
        if schema.has("type") and schema.text("type") == "file":
            return "application/octet-stream", schema
        produces = _media_types(operation, "produces") or [JSON]
        return next(filter(is_json, produces), produces[0]), schema
    media_types = response.members("content")
    for content_type, media in media_types.items():
        if is_json(content_type):
            return content_type, media.get("schema")
    for content_type, media in media_types.items():
        return content_type, media.get("schema")
    return None, None


def _media_types(operation: PathOperation, key: str) -> list[str]:
    owner = operation.node if operation.node.has(key) else operation.node.document.root
    return list(owner.texts(key))


def _sendable(content_types: list[str], place: Node) -> tuple[str, str]:
    """Return the first media type that can be sent, and the kind of body it means."""
    for content_type in content_types:
        plain = content_type.partition(";")[0].strip().lower()
        if is_json(plain):
            return content_type, "json"
        if plain in KINDS:
            return content_type, KINDS[plain]
        if not (plain.startswith("multipart/") or plain.endswith("xml")):
            return content_type, "bytes"
    raise _unsupported(content_types, place)


def _unsupported(media_types: list[str], place: Node) -> SpecError:
    return place.error(
        f"no body of type {', '.join(media_types) or 'nothing'} can be sent;"
        f" offer {JSON}, a form, or a plain type such as application/octet-stream"
    )
