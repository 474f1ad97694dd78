"""Would this call be allowed? `auth_test=true` has HipChat check a call and do nothing."""

from __future__ import annotations

from dataclasses import dataclass

from hipkit.api.errors import ForbiddenError, UnauthorizedError
from hipkit.api.operation import Operation
from hipkit.api.redaction import secrets_in
from hipkit.client.decoding import check_success, decode
from hipkit.client.exchange import Exchange, Policy, State, deliver

__all__ = ["AuthTest", "auth_test"]


@dataclass(frozen=True, slots=True)
class AuthTest:
    """The outcome of `client.auth_test`."""

    allowed: bool
    status: int
    """202 for a good token, or the call's own success where the server knows no such test; 401
    or 403 else."""
    lacking_scopes: tuple[str, ...] = ()
    """Any one of these scopes would do."""
    message: str = ""
    """What the server said, fit to be shown."""

    def __bool__(self) -> bool:
        return self.allowed


def auth_test(
    operation: Operation[object], state: State, policy: Policy
) -> Exchange[AuthTest]:
    """Ask whether the call would be allowed.

    Raises:
        ApiError: The server refused for another reason than the token.
        ResponseError: What came back is no answer of the API.
    """
    query = operation.call().target.partition("?")[2]
    query = f"{query}&auth_test=true" if query else "auth_test=true"
    response, request, token = yield from deliver(operation, state, policy, query)
    secrets = secrets_in(token, policy.headers)
    if 200 <= response.status < 300:
        check_success(operation, response, secrets)
        return AuthTest(True, response.status)
    url = state.site.origin + request.target
    try:
        decode(
            operation,
            response,
            url,
            now=state.clock.now(),
            secrets=secrets,
            request=request,
        )
    except ForbiddenError as error:
        return AuthTest(False, error.status, error.scopes, str(error))
    except UnauthorizedError as error:
        return AuthTest(False, error.status, (), str(error))
    # A redirect where the call itself answers so: the server did not only check it.
    return AuthTest(True, response.status)
