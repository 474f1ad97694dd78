"""Capabilities: the server's own document, and the schema of add-ons' descriptors."""

from __future__ import annotations

from hipkit.api.operation import Operation
from hipkit.descriptors.schema import descriptor_schema
from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.context import Context
from hipkit.server.services.errors import NotImplementedHereError
from hipkit.server.services.registry import handles
from hipkit.v2.capabilities import GetAddonCapabilitiesSchema, GetCapabilities
from hipkit.v2.models import (
    ApiProvider,
    CapabilitiesDocument,
    CapabilitiesLinks,
    Oauth2Provider,
    Scope,
    ServerCapabilities,
    Vendor,
)

__all__ = [
    "HealthCheck",
    "check_health",
    "get_addon_capabilities_schema",
    "get_capabilities",
]

CONNECT_VERSION = 1


@handles(GetCapabilities)
async def get_capabilities(
    context: Context, request: GetCapabilities
) -> CapabilitiesDocument:
    """Return the server's capabilities, with the URLs to use."""
    addresses = context.addresses
    return CapabilitiesDocument(
        name="HipChat",
        description="Group chat for integrations, served by hipkit",
        key="hipchat",
        vendor=Vendor(name="hipkit", url=addresses.root),
        links=CapabilitiesLinks(
            self_=addresses.capabilities,
            homepage=addresses.root,
            subdomain=addresses.root,
            api=addresses.api,
        ),
        connect_server_api_version=CONNECT_VERSION,
        capabilities=ServerCapabilities(
            hipchat_api_provider=ApiProvider(
                url=f"{addresses.api}/",
                available_scopes={
                    scope: Scope(
                        id=scope,
                        name=scope.replace("_", " ").capitalize(),
                        description=meaning,
                    )
                    for scope, meaning in SCOPES.items()
                },
            ),
            oauth2_provider=Oauth2Provider(
                authorization_url=f"{addresses.root}/users/authorize",
                token_url=f"{addresses.api}/oauth/token",
            ),
        ),
    )


@handles(GetAddonCapabilitiesSchema)
async def get_addon_capabilities_schema(
    context: Context, request: GetAddonCapabilitiesSchema
) -> dict[str, object]:
    """Return the JSON Schema of an add-on's descriptor, in draft 4.

    Raises:
        NotImplementedHereError: The request names another draft.
    """
    if request.draft not in (None, "v4"):
        raise NotImplementedHereError("This server has the schema in draft v4 only")
    return descriptor_schema()


class HealthCheck(Operation[dict[str, str]], frozen=True):
    """Checks that the server answers. HipChat's documentation never had it."""

    operation_id = "health_check"
    tag = "Capabilities"
    method = "GET"
    path = "/health-check"
    auth = "none"


@handles(HealthCheck)
async def check_health(context: Context, request: HealthCheck) -> dict[str, str]:
    """Return that the server is there; `/ready` says whether it can do its work."""
    return {"status": "ok"}
