"""Slack: an app's incoming webhook, or a bot with names, pictures and threads (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import escaped_line
from hipkit.relay.markup.dialect import ANGLES
from hipkit.relay.markup.escaping import defuse, escape_angles
from hipkit.relay.message import RelayMessage
from hipkit.relay.targets.answers import (
    describe,
    judge_status,
    read_object,
    read_status,
    read_wait,
)
from hipkit.relay.targets.attachments import (
    AttachmentForm,
    attachment,
    attachment_limits,
    needs_attachment,
    plain_message,
    text_of_message,
)
from hipkit.relay.targets.calls import bearer, check_address, json_call
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Limit,
    LinksFiles,
    RenderOptions,
    Reply,
    Settings,
    Target,
    Verdict,
)

__all__ = ["Slack", "SlackBot", "SlackBotSettings", "SlackSettings"]

MOST_TEXT = 4_100
MOST_NAME = 80
FORM = AttachmentForm(
    dialect=ANGLES,
    escape_title=escape_angles,
    escape_name=escape_angles,
    most_text=4_000,
    most_title=300,
    most_field=2_000,
    most_fields=50,
)
LIMITS = (
    Limit(place="text", most=MOST_TEXT),
    Limit(place="username", most=MOST_NAME),
    Limit(place="attachments", most=1, unit="items"),
    *attachment_limits(FORM),
)
"""Slack cuts a text of more than 40,000 characters, and advises 4,000."""

EVERYBODY = "<!here>"
USER = re.compile(r"[UW][A-Z0-9]{2,30}")
USER_GROUP = re.compile(r"S[A-Z0-9]{2,30}")
CODE = re.compile(rb"[a-z][a-z0-9_]{1,59}")

CONTENT = frozenset(
    {
        "attachment_payload_limit_exceeded",
        "cannot_reply_to_message",
        "invalid_arguments",
        "invalid_array_arg",
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "invalid_payload",
        "message_not_found",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "thread_not_found",
        "too_many_attachments",
    }
)
"""What another message may not meet."""
LATER = frozenset(
    {
        "fatal_error",
        "internal_error",
        "message_limit_exceeded",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "rollup_error",
        "service_unavailable",
    }
)
"""What passes. All other codes mean the route: `invalid_auth`, `no_service` and so on."""


class SlackSettings(Settings, frozen=True, kw_only=True):
    """An incoming webhook of a Slack app."""

    url: Secret
    """The webhook's address, `https://hooks.slack.com/services/...`."""

    def __post_init__(self) -> None:
        check_address("url", self.url.reveal())


class SlackBotSettings(Settings, frozen=True, kw_only=True):
    """A bot of a Slack app, with the scopes `chat:write` and `chat:write.customize`."""

    token: Secret
    """The bot's token, `xoxb-...`."""
    channel: str
    """The channel's id, such as `C024BE91L`, or its name; the bot is a member of it."""
    api: str = "https://slack.com/api"
    """The address of Slack's API."""

    def __post_init__(self) -> None:
        check_address("api", self.api)


class Slack(LinksFiles, Target[SlackSettings]):
    """An incoming webhook of Slack. It has one name and picture, those of its app."""

    name: ClassVar[str] = "slack"
    settings: ClassVar[type[Settings]] = SlackSettings
    pace_seconds: ClassVar[float] = 1.0
    is_idempotent: ClassVar[bool] = False
    limits: ClassVar[tuple[Limit, ...]] = LIMITS

    def render(
        self, message: RelayMessage, settings: SlackSettings, options: RenderOptions
    ) -> HttpCall:
        """Return the message; refused before, it is plain text."""
        body = _content(message, options, name=message.label)
        return json_call(settings.url.reveal(), body)

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means: `ok`, or a code as its whole body."""
        said = reply.body.strip()
        is_taken = judge_status(reply.status) == "delivered"
        if is_taken and said != b"ok" and not CODE.fullmatch(said):
            return Answer(verdict="route", problem="the address leads to no webhook")
        code = said.decode() if said != b"ok" and CODE.fullmatch(said) else None
        return _judged(reply, code)

    def host(self, settings: SlackSettings) -> str:
        """Return the host of the webhook."""
        return urlsplit(settings.url.reveal()).hostname or ""


class SlackBot(LinksFiles, Target[SlackBotSettings]):
    """A bot of Slack. Files are linked: Slack's upload takes three requests."""

    name: ClassVar[str] = "slack-bot"
    settings: ClassVar[type[Settings]] = SlackBotSettings
    pace_seconds: ClassVar[float] = 1.0
    is_idempotent: ClassVar[bool] = False
    limits: ClassVar[tuple[Limit, ...]] = LIMITS

    def render(
        self, message: RelayMessage, settings: SlackBotSettings, options: RenderOptions
    ) -> HttpCall:
        """Return the message; refused before, it is plain text without a thread."""
        known = {} if options.plain else options.references
        body = _content(message, options, name=None) | {
            "channel": settings.channel,
            "username": escaped_line(message.label, MOST_NAME, defuse),
            "icon_url": message.avatar_url,
            "thread_ts": known.get(message.thread or ""),
            "metadata": {
                "event_type": "hipkit_message",
                "event_payload": {"id": message.id},
            },
        }
        url = f"{settings.api.rstrip('/')}/chat.postMessage"
        return json_call(url, body, bearer(settings.token))

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the message, or that of its thread."""
        found = read_object(reply)
        code = found.get("error")
        is_taken = judge_status(reply.status) == "delivered"
        if is_taken and found.get("ok") is True:
            return Answer(verdict="delivered", reference=_reference(found))
        if is_taken and not isinstance(code, str):
            return Answer(verdict="route", problem="the address is not Slack's API")
        return _judged(reply, code)

    def render_check(self, settings: SlackBotSettings) -> HttpCall:
        """Return the question whose token it is."""
        url = f"{settings.api.rstrip('/')}/auth.test"
        return json_call(url, {}, bearer(settings.token))

    def read_check(self, reply: Reply) -> Answer:
        """Return what the answer means."""
        return self.read(reply)

    def host(self, settings: SlackBotSettings) -> str:
        """Return the host of Slack's API."""
        return urlsplit(settings.api).hostname or ""


def _content(
    message: RelayMessage, options: RenderOptions, *, name: str | None
) -> dict[str, object]:
    """Return what both ways have in common. Slack is told to find nothing in the text itself."""
    start = ""
    if message.loud and options.notify == "mention":
        start = f"{EVERYBODY} "
    body: dict[str, object] = {
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    if options.plain:
        return {"text": start + plain_message(message, FORM)} | body
    mentions = _mentions(options)
    if not needs_attachment(message):
        text = text_of_message(message, FORM, mentions, name=name, files=message.files)
        return {"text": start + text} | body
    shown = attachment(message, FORM, mentions, name=name, files=message.files)
    shown["mrkdwn_in"] = ["text", "pretext", "fields"]
    if "footer" in shown:
        # After an outage messages come late: each reader sees when it was, in their time zone.
        shown["ts"] = str(int(message.sent_at.timestamp()))
    return {"text": start.strip() or None, "attachments": [shown]} | body


def _mentions(options: RenderOptions) -> Mapping[str, str]:
    """Return Slack's markup for users and user groups, by mention name."""
    if options.notify == "never":
        return {}
    known = {}
    for name, user in options.mentions.items():
        if USER.fullmatch(user):
            known[name] = f"<@{user}>"
        elif USER_GROUP.fullmatch(user):
            known[name] = f"<!subteam^{user}>"
    return known


def _judged(reply: Reply, code: object) -> Answer:
    """Return what an answer means: its code goes before its status."""
    verdict: Verdict
    if not isinstance(code, str):
        return read_status(reply)
    if code in LATER or reply.status == 429 or reply.status >= 500:
        verdict = "later"
    else:
        verdict = "content" if code in CONTENT else "route"
    return Answer(
        verdict=verdict,
        problem=describe(reply.status, code),
        wait_seconds=read_wait(reply) if verdict == "later" else None,
    )


def _reference(found: Mapping[str, Any]) -> str | None:
    message = found.get("message")
    root = message.get("thread_ts") if isinstance(message, dict) else None
    reference = root or found.get("ts")
    return reference if isinstance(reference, str) else None
