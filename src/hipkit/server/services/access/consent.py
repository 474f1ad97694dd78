"""The consent page's decisions: OAuth's authorization code flow.

Until the client and its redirect URI are known nothing is sent to that URI, not even an error:
otherwise any link could send users from this server to anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import msgspec

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.keys import new_token
from hipkit.server.services.access.lookup import find_active_user, own_user
from hipkit.server.services.access.scopes import (
    SCOPES,
    grantable_scopes,
    split_scopes,
)
from hipkit.server.services.context import Context
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.clients import ClientRecord, CodeRecord

__all__ = ["AuthorizationRequest", "allow", "deny", "read_authorization_request"]

PARAMETERS = ("response_type", "client_id", "redirect_uri", "scope", "state")

CODE_SECONDS = 10 * 60

UNKNOWN_CLIENT = (
    "The program that sent you here is not known to this server (client_id)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A client's request to act for a user.

    Attributes:
        scopes: The scopes that it asks for.
        problem: OAuth's error code if the request is invalid; it is sent to the redirect URI.
        parameters: The request's parameters, for the form that repeats them.
    """

    client: ClientRecord
    redirect_uri: str
    scopes: frozenset[str]
    state: str | None
    problem: str | None
    parameters: Mapping[str, str]

    @property
    def origin(self) -> str:
        """The scheme and host of the redirect URI."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"


async def read_authorization_request(
    context: Context, values: Mapping[str, str]
) -> AuthorizationRequest:
    """Read an authorization request from the page's query or form.

    Raises:
        NotFoundError: The client does not exist, or belongs to another group than the actor.
        BadRequestError: The redirect URI is not registered for the client.
    """
    parameters = {name: values[name] for name in PARAMETERS if values.get(name)}
    client = await context.stores.clients.get(parameters.get("client_id", ""))
    actor = context.actor_or_none
    is_foreign = (
        client is not None and actor is not None and actor.group_id != client.group_id
    )
    if client is None or is_foreign:
        raise NotFoundError(UNKNOWN_CLIENT)
    known = msgspec.json.decode(client.redirect_uris, type=list[str])
    redirect_uri = parameters.get("redirect_uri", "")
    if redirect_uri not in known or not is_web_address(redirect_uri):
        raise BadRequestError(
            f"{client.name} asks for an answer at an address that is not registered for it"
            " (redirect_uri); register exactly this one"
        )
    # As in token requests: without the parameter, all scopes of the client.
    asked = split_scopes(parameters.get("scope", client.scopes))
    problem = None
    if parameters.get("response_type") != "code":
        problem = "unsupported_response_type"
    elif not asked or not asked <= SCOPES.keys() & frozenset(client.scopes.split()):
        problem = "invalid_scope"
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        scopes=asked,
        state=parameters.get("state"),
        problem=problem,
        parameters=parameters,
    )


async def allow(context: Context, request: AuthorizationRequest) -> str:
    """Grant a request for the actor, and return the redirect URI with an authorization code.

    The answer to an invalid request is its problem, whatever the user chose.

    Raises:
        ForbiddenError: The actor is not a user.
        NotFoundError: The client or the user was changed or deleted in the meantime.
    """
    user, client = own_user(context.actor), request.client
    if request.problem is not None:
        return deny(request)
    code = new_token()

    async def command(stores: Stores) -> None:
        # The request was checked against this very client; a successor with the same id may
        # have other scopes, another room and other redirect URIs.
        is_same = await stores.clients.get(client.id) == client
        if not is_same or client.group_id != context.actor.group_id:
            raise NotFoundError(UNKNOWN_CLIENT)
        owner = await find_active_user(stores, context.actor, user.id)
        scopes = request.scopes & context.actor.scopes & grantable_scopes(owner)
        grant_id = await stores.grants.add(
            user_id=owner.id, client_id=client.id, room_id=client.room_id
        )
        record = CodeRecord(
            user_id=owner.id,
            client_id=client.id,
            scopes=" ".join(sorted(scopes)),
            redirect_uri=request.redirect_uri,
            expires_us=context.now_us + CODE_SECONDS * SECOND_US,
            grant_id=grant_id,
        )
        await stores.clients.add_code(hash_token(code), record)

    await context.write(command)
    return _redirect(request, code=code)


def deny(request: AuthorizationRequest) -> str:
    """Return the redirect URI with the request's problem, or else with `access_denied`."""
    return _redirect(request, error=request.problem or "access_denied")


def _redirect(request: AuthorizationRequest, **answer: str) -> str:
    if request.state is not None:
        answer["state"] = request.state
    # The client's own query is kept byte for byte.
    mark = "&" if "?" in request.redirect_uri else "?"
    return f"{request.redirect_uri}{mark}{urlencode(answer)}"
