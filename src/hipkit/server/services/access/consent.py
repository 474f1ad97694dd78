"""A program asks a person, by way of their browser, to act for them: OAuth's authorization code.

Until the client and its address are known nothing is sent to that address, not even an error:
otherwise any link could send people from this server to anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import msgspec

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.clients import make_authorization_code
from hipkit.server.services.access.lookup import own_user
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.context import Context
from hipkit.server.storage.stores.clients import ClientRecord

__all__ = ["Approval", "allow", "deny", "read_approval"]

PARAMETERS = ("response_type", "client_id", "redirect_uri", "scope", "state")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a program asks for.

    Attributes:
        scopes: What it wants to be allowed.
        problem: OAuth's name of what is wrong with the question; it goes back as the answer.
        parameters: The question as it came, to be asked again by a form.
    """

    client: ClientRecord
    redirect_uri: str
    scopes: frozenset[str]
    state: str | None
    problem: str | None
    parameters: Mapping[str, str]

    @property
    def origin(self) -> str:
        """The scheme and host that the answer goes to."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"


async def read_approval(context: Context, values: Mapping[str, str]) -> Approval:
    """Read what a program asks for.

    Raises:
        NotFoundError: There is no such client.
        BadRequestError: It may not send people to this address.
    """
    parameters = {name: values[name] for name in PARAMETERS if values.get(name)}
    client = await context.stores.clients.get(parameters.get("client_id", ""))
    actor = context.actor_or_none
    is_foreign = (
        client is not None and actor is not None and actor.group_id != client.group_id
    )
    if client is None or is_foreign:
        raise NotFoundError(
            "The program that sent you here is not known to this server (client_id)"
        )
    known = msgspec.json.decode(client.redirect_uris, type=list[str])
    redirect_uri = parameters.get("redirect_uri", "")
    if redirect_uri not in known or not is_web_address(redirect_uri):
        raise BadRequestError(
            f"{client.name} wants the answer at an address that is not registered for it"
            " (redirect_uri); register just this one, letter by letter"
        )
    # As for tokens: the comma is no part of a scope, and left out means all that may be.
    asked = frozenset(parameters.get("scope", client.scopes).replace(",", " ").split())
    problem = None
    if parameters.get("response_type") != "code":
        problem = "unsupported_response_type"
    elif not asked or not asked <= SCOPES.keys() & frozenset(client.scopes.split()):
        problem = "invalid_scope"
    return Approval(
        client=client,
        redirect_uri=redirect_uri,
        scopes=asked,
        state=parameters.get("state"),
        problem=problem,
        parameters=parameters,
    )


async def allow(context: Context, approval: Approval) -> str:
    """Say yes for the caller, and return the address that tells the program."""
    user = own_user(context.actor)
    code = await make_authorization_code(
        context.database,
        context.now_us,
        client_id=approval.client.id,
        user=user.id,
        scopes=approval.scopes & context.actor.scopes,
        redirect_uri=approval.redirect_uri,
    )
    return _answer(approval, code=code)


def deny(approval: Approval) -> str:
    """Return the address that tells the program of a no, or of what is wrong with its question."""
    return _answer(approval, error=approval.problem or "access_denied")


def _answer(approval: Approval, **answer: str) -> str:
    if approval.state is not None:
        answer["state"] = approval.state
    # The program's own query stays as it was written.
    mark = "&" if "?" in approval.redirect_uri else "?"
    return f"{approval.redirect_uri}{mark}{urlencode(answer)}"
