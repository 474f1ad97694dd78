"""Read what an operation sends and what it answers, from Swagger 2.0, OpenAPI 3.0 or 3.1.

The differences between the versions end here; places in errors stay the document's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from codegen.reading.document import Node, SpecError, words
from codegen.reading.parameters import Parameter, argument
from codegen.reading.paths import PathOperation

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
FORM_DATA = "multipart/form-data"
KINDS = {FORM: "form", FORM_DATA: "multipart", "multipart/related": "related"}


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
    others: tuple[str, ...] = ()
    """Further media types that the API takes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A documented status; `schema` is `None` where no body is described."""

    node: Node
    status: str
    description: str
    content_type: str | None
    schema: Node | None


def body(operation: PathOperation) -> Body | None:
    """Return what an operation sends, or `None`."""
    if operation.node.document.is_swagger:
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
    found = _whole_body(media, node, kind, content_type)
    return replace(found, others=_without(media_types, content_type))


def answers(operation: PathOperation) -> list[Answer]:
    """Return the documented answers of an operation, without those after its redirect."""
    found = []
    for status, item in operation.node.members("responses").items():
        if status.startswith("x-"):
            continue
        if not re.fullmatch(r"default|[1-5](XX|[0-9]{2})", status):
            raise item.error(
                f"{status!r} is not a status; use one such as '200' or 'default'"
            )
        response = item.follow()
        if response.flag("x-after-redirect"):
            continue
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
                fields[name] = argument(node, name, "formData")
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
        kind, others = KINDS[content_type], _without(consumes, content_type)
        return Body(operation.node, kind, content_type, needed, "", None, found, others)
    if whole is None:
        return None
    content_type, kind = _sendable(consumes or [JSON], operation.node)
    whole.reject_unknown(words("name in description required schema"))
    found_body = _whole_body(whole, whole, kind, content_type)
    return replace(found_body, others=_without(consumes, content_type))


def _without(media_types: Iterable[str], chosen: str) -> tuple[str, ...]:
    return tuple(each for each in media_types if each != chosen)


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
    if operation.node.document.is_swagger:
        schema = response.get("schema")
        if schema is None:
            return None, None
        if schema.has("type") and schema.text("type") == "file":
            return "application/octet-stream", schema
        produces = _media_types(operation, "produces") or [JSON]
        return next(filter(is_json, produces), produces[0]), schema
    # JSON first, and otherwise the order of the document.
    for content_type, media in sorted(
        response.members("content").items(), key=lambda each: not is_json(each[0])
    ):
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
