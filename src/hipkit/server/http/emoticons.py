"""Handlers: emoticons."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.services.messages import emoticons as emoticon_service
from hipkit.server.services.registry import handles
from hipkit.v2.emoticons import GetAllEmoticons, GetEmoticon
from hipkit.v2.models import Emoticon, EmoticonPage

__all__ = ["get_all_emoticons", "get_emoticon"]


@handles(GetAllEmoticons)
async def get_all_emoticons(context: Context, request: GetAllEmoticons) -> EmoticonPage:
    """List emoticons."""
    return await emoticon_service.get_all_emoticons(context, request)


@handles(GetEmoticon)
async def get_emoticon(context: Context, request: GetEmoticon) -> Emoticon:
    """Answer with one emoticon."""
    return await emoticon_service.get_emoticon(context, request)
