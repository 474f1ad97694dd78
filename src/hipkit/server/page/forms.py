"""Reads forms that change something as operations of the API.

So a person may do at the page what their token may do through the API, and the same values are
accepted. Views hand the operation to its service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from hipkit.api.errors import ApiError, ForbiddenError
from hipkit.api.operation import Operation
from hipkit.server.http.authorization import check_allowed
from hipkit.server.http.decoding import decode
from hipkit.server.page.visit import Visit
from hipkit.server.services.context import Context

__all__ = ["is_touched", "read_operation", "shown_values"]

OperationT = TypeVar("OperationT", bound=Operation[object])


async def read_operation(
    context: Context,
    kind: type[OperationT],
    members: Mapping[str, object],
    **path: str | int,
) -> OperationT:
    """Return an operation with the values of a form, as far as the user may call it.

    Args:
        context: The context of the user who sent the form.
        kind: The operation.
        members: What an API call would have in its body.
        path: The variable parts of the operation's path.

    Raises:
        ForbiddenError: The user lacks the scope that the operation needs.
        BadRequestError: A value breaks one of the operation's rules.
    """
    try:
        await check_allowed(context, kind, None, is_served=True)
    except ForbiddenError as error:
        # The API names scopes, which people do not have.
        who = "Guests may not" if context.actor.is_guest else "Only administrators may"
        raise ForbiddenError(f"{who} do that") from error
    return decode(
        kind,
        path={name: str(value) for name, value in path.items()},
        body=members,
        strict=False,
    )


def is_touched(visit: Visit, name: str) -> bool:
    """Return whether a field differs from what the form showed first, in a hidden field."""
    return visit.field(name) != visit.field(f"{name}_before")


def shown_values(
    visit: Visit, stored: Mapping[str, str], error: ApiError | None
) -> Mapping[str, str]:
    """Return the values that a form shows: what was typed if that had an error."""
    if error is None:
        return stored
    return {name: visit.field(name) for name in stored}
