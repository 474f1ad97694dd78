"""Handlers: capabilities."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.services.registry import handles
from hipkit.server.services.representations import capabilities as capability_service
from hipkit.v2.capabilities import GetAddonCapabilitiesSchema, GetCapabilities
from hipkit.v2.models import CapabilitiesDocument

__all__ = ["get_addon_capabilities_schema", "get_capabilities"]


@handles(GetCapabilities)
async def get_capabilities(
    context: Context, request: GetCapabilities
) -> CapabilitiesDocument:
    """Answer what the server is."""
    return capability_service.get_capabilities(context)


@handles(GetAddonCapabilitiesSchema)
async def get_addon_capabilities_schema(
    context: Context, request: GetAddonCapabilitiesSchema
) -> dict[str, object]:
    """Answer with the schema of an add-on's descriptor."""
    return capability_service.get_addon_capabilities_schema(request)
