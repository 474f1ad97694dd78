"""The bodies of errors: HipChat's, problem details (RFC 9457), and those of other APIs (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import cast

from hipkit.api.bodies.reading import UnreadableError, read_json
from hipkit.api.model import Model
from hipkit.api.operation import Operation
from hipkit.transports.protocol import RawResponse

__all__ = ["Problem", "error_details", "error_message", "error_model", "first_text"]

PROBLEM = "application/problem+json"
MESSAGES = ("message", "error_description")
OTHER_MESSAGES = (
    *("errorDescription", "errorMessage", "error_message", "reason", "description"),
    *("msg", "error"),
)
MOST_SHOWN = 3
"""Of a list of errors."""


class Problem(Model, frozen=True, omit_defaults=True, kw_only=True):
    """Problem details, as RFC 9457 defines them; further members are in the error's `body`.

    Attributes:
        type: The kind of the problem, as a URI.
        title: What the kind of problem is.
        status: The HTTP status.
        detail: What happened this time.
        instance: This occurrence, as a URI.
    """

    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None
    instance: str | None = None


def error_details(document: object) -> Mapping[str, object]:
    """Return the members of an error: HipChat's envelope, a flat object, or empty."""
    if not isinstance(document, dict):
        return {}
    inner = document.get("error")
    return cast("Mapping[str, object]", inner if isinstance(inner, dict) else document)


def first_text(details: Mapping[str, object], *names: str) -> str:
    """Return the first of these members that is a text, empty if none is."""
    texts = (details.get(name) for name in names)
    return next((text for text in texts if isinstance(text, str) and text), "")


def error_message(document: object) -> str:
    """Return what a body tells about an error, empty if nothing is recognised."""
    if isinstance(document, str):
        return document
    details = error_details(document)
    title, detail = first_text(details, "title"), first_text(details, "detail")
    return (
        first_text(details, *MESSAGES)
        or ": ".join(filter(None, (title, detail)))
        or first_text(details, *OTHER_MESSAGES)
        or "; ".join(_listed(document))
    )


def error_model(operation: Operation[object], response: RawResponse) -> object:
    """Return the body as the model that is documented for its status.

    Problem details that are not documented are a `Problem`; anything else is `None`.
    """
    status, content_type = response.status, response.headers.get("content-type", "")
    is_problem = content_type.partition(";")[0].strip().lower() == PROBLEM
    keys = (str(status), f"{status // 100}XX", "default")
    documented = (operation.errors[key] for key in keys if key in operation.errors)
    kind = next(documented, Problem if is_problem else None)
    if kind is not None:
        with suppress(UnreadableError):
            return read_json(response.body, kind)
    return None


def _listed(document: object) -> Iterator[str]:
    """Yield the messages of a body that lists several errors."""
    errors = document.get("errors") if isinstance(document, dict) else document
    for each in errors[:MOST_SHOWN] if isinstance(errors, list) else ():
        if message := "" if isinstance(each, list) else error_message(each):
            yield message
