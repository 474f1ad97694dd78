"""Handlers: tokens."""

from __future__ import annotations

from hipkit.server.services.access import grants
from hipkit.server.services.access import introspection as session_service
from hipkit.server.services.context import Context
from hipkit.server.services.registry import handles
from hipkit.v2.models import Session, Token
from hipkit.v2.oauth_sessions import DeleteSession, GenerateToken, GetSession

__all__ = ["delete_session", "generate_token", "get_session"]


@handles(GenerateToken)
async def generate_token(context: Context, request: GenerateToken) -> Token:
    """Make a token."""
    return await grants.generate_token(context, request)


@handles(GetSession)
async def get_session(context: Context, request: GetSession) -> Session:
    """Answer what a token is good for."""
    return await session_service.get_session(context, request)


@handles(DeleteSession)
async def delete_session(context: Context, request: DeleteSession) -> None:
    """End a token."""
    await session_service.delete_session(context, request)
