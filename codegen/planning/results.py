"""Plan what an operation returns: a type, or the target of a redirect."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from codegen.planning.models import Use
from codegen.planning.python_types import BYTES, NOTHING, OBJECT, TEXT, Type, joined
from codegen.planning.schemas import Schemas
from codegen.reading.bodies import Answer, answers, is_json
from codegen.reading.document import Node, SpecError
from codegen.reading.paths import PathOperation

REDIRECTS = ("301", "302", "303", "307", "308")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an operation returns."""

    type: Type
    statuses: tuple[int, ...]
    """Of its success, or of the redirect."""
    is_redirect: bool = False
    """Whether it is the target of a redirect."""
    redirect_member: str | None = None
    """The member of the type that takes the target of a redirect."""


def plan_result(operation: PathOperation, schemas: Schemas, owner: str) -> Result:
    """Plan what an operation returns; a model without a name in the document gets `owner`."""
    found = {answer.status: answer for answer in answers(operation)}
    good = [answer for status, answer in found.items() if status.startswith("2")]
    redirects = [status for status in found if status in REDIRECTS]
    if not good and redirects:
        member = _redirect_member(operation.node, NOTHING)
        return Result(
            type=NOTHING,
            statuses=tuple(map(int, redirects)),
            is_redirect=True,
            redirect_member=member,
        )
    if not good and "default" in found:
        good = [found["default"]]
    statuses = tuple(
        int(answer.status) if answer.status.isdecimal() else 200 for answer in good
    )
    kinds = [_type_of(answer, schemas, owner) for answer in good]
    kind = joined(kinds) if kinds else NOTHING
    return Result(
        type=kind,
        statuses=tuple(dict.fromkeys(statuses)) or (200,),
        redirect_member=_redirect_member(operation.node, kind),
    )


def plan_errors(
    listed: Sequence[Answer], schemas: Schemas, owner: str
) -> dict[str, Type]:
    """Plan the types of the bodies of errors, by status; those like the default are left out.

    One that cannot be expressed is left out too: it is a help, and no part of the call.
    """
    found: dict[str, Type] = {}
    has_success = any(answer.status[0] in "23" for answer in listed)
    for answer in listed:
        is_error = answer.status[0] in ("45d" if has_success else "45")
        if is_error and answer.schema and is_json(answer.content_type or ""):
            with suppress(SpecError), schemas.undone_on_failure():
                if not schemas.flatten(answer.schema).word("x-error-attributes"):
                    kind = schemas.type_of(answer.schema, owner, Use.ANSWER)
                    found[answer.status] = kind
    usual = found.get("default")
    return {
        status: kind
        for status, kind in found.items()
        if kind.parts != OBJECT.parts and (status == "default" or kind != usual)
    }


def _redirect_member(node: Node, kind: Type) -> str | None:
    declared = node.get("x-redirect-member")
    if declared is None:
        return None
    if not isinstance(declared.value, str) or len(kind.models) != 1:
        raise declared.error("must be the name of a member of the only response")
    return declared.value


def _type_of(answer: Answer, schemas: Schemas, owner: str) -> Type:
    if answer.content_type is None:
        return NOTHING
    if not is_json(answer.content_type):
        return TEXT if _is_text(answer, schemas) else BYTES
    if answer.schema is None:
        return OBJECT
    return schemas.type_of(answer.schema, owner, Use.ANSWER)


def _is_text(answer: Answer, schemas: Schemas) -> bool:
    """Return whether an answer that is not JSON is declared as text."""
    is_plain = str(answer.content_type).lower().startswith("text/")
    if not is_plain or answer.schema is None:
        return False
    return schemas.is_text(answer.schema)
