"""Check whether a call would be allowed, with HipChat's `auth_test=true`."""

from __future__ import annotations

import msgspec

from hipkit.api.errors import ForbiddenError, UnauthorizedError
from hipkit.api.operation import Operation
from hipkit.client.exchange import Exchange
from hipkit.client.state import State
from hipkit.client.steps import Steps

__all__ = ["AuthTest", "auth_test"]


class AuthTest(msgspec.Struct, frozen=True):
    """The outcome of `client.auth_test`."""

    allowed: bool
    status: int
    """202 for a valid token, or the call's own success status from a server without this test;
    otherwise 401 or 403."""
    lacking_scopes: tuple[str, ...] = ()
    """Any one of these scopes is sufficient."""
    message: str = ""
    """The server's message, without secrets."""

    def __bool__(self) -> bool:
        return self.allowed


def auth_test(operation: Operation[object], state: State) -> Steps[AuthTest]:
    """Check whether the call would be allowed.

    Raises:
        ApiError: The server rejected the call for a reason other than the token.
        ResponseError: The response is not one of the API.
    """
    query = operation.call().target.partition("?")[2]
    query = f"{query}&auth_test=true" if query else "auth_test=true"
    call = Exchange(operation, state, query)
    response = yield from call.deliver()
    if 200 <= response.status < 300:
        call.reply(response).check_success()
        return AuthTest(True, response.status)
    try:
        call.result(response)
    except (ForbiddenError, UnauthorizedError) as error:
        scopes = error.scopes if isinstance(error, ForbiddenError) else ()
        return AuthTest(False, error.status, scopes, str(error))
    # A redirect is the call's own success: the server ignored `auth_test`.
    return AuthTest(True, response.status)
