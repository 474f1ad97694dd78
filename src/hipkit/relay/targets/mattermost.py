"""Mattermost: an incoming webhook, or a bot with files and threads (pure).

A webhook reads Slack's angle brackets in what it gets, so none of the text has any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import escaped_line
from hipkit.relay.markup.dialect import MARKDOWN
from hipkit.relay.markup.escaping import defuse, escape_markdown
from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.targets.answers import (
    describe,
    judge_status,
    read_object,
    read_status,
)
from hipkit.relay.targets.attachments import (
    AttachmentForm,
    attachment,
    attachment_limits,
    needs_attachment,
    plain_message,
    text_of_message,
)
from hipkit.relay.targets.calls import (
    bearer,
    check_address,
    form_call,
    get_call,
    json_call,
)
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Limit,
    LinksFiles,
    RenderOptions,
    Reply,
    Settings,
    Target,
)

__all__ = [
    "Mattermost",
    "MattermostBot",
    "MattermostBotSettings",
    "MattermostSettings",
]

MOST_TEXT = 16_383
"""Characters of a message; older servers split a longer one of a webhook, and refuse a bot's."""
MOST_NAME = 64
MOST_FILES = 10
EVERYBODY = "@here"
FORM = AttachmentForm(
    dialect=MARKDOWN,
    escape_title=escape_markdown,
    escape_name=defuse,
    most_text=16_000,
    most_title=300,
    most_field=2_000,
    most_fields=50,
)
OF_CONTENT = ("attachment", "parse", "post.is_valid", "split_props", "text")
"""What is in the names of a webhook's errors that another message may not meet. The others mean
the webhook, its channel or its user, though their status may be 400."""


class MattermostSettings(Settings, frozen=True, kw_only=True):
    """An incoming webhook."""

    url: Secret
    """The webhook's address, `https://chat.example.com/hooks/...`."""
    channel: str | None = None
    """Another channel than the webhook's own, by its name in addresses."""

    def __post_init__(self) -> None:
        check_address("url", self.url.reveal())


class MattermostBotSettings(Settings, frozen=True, kw_only=True):
    """A bot that is a member of a channel."""

    server: str
    """The address of the server, such as `https://chat.example.com`."""
    token: Secret
    """The bot's access token."""
    channel: str
    """The channel's id, which *View Info* shows."""

    def __post_init__(self) -> None:
        check_address("server", self.server)
        if not (self.channel.isascii() and self.channel.isalnum()):
            raise ValueError("channel is no id: 26 letters and digits, see View Info")


class Mattermost(LinksFiles, Target[MattermostSettings]):
    """An incoming webhook of Mattermost."""

    name: ClassVar[str] = "mattermost"
    settings: ClassVar[type[Settings]] = MattermostSettings
    pace_seconds: ClassVar[float] = 0.0
    is_idempotent: ClassVar[bool] = False
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit(place="text", most=MOST_TEXT),
        Limit(place="username", most=MOST_NAME),
        *attachment_limits(FORM),
    )

    def render(
        self,
        message: RelayMessage,
        settings: MattermostSettings,
        options: RenderOptions,
    ) -> HttpCall:
        """Return the post; refused before, it is plain text."""
        is_quiet = message.kind != "message" and not message.loud
        text, attachments = _content(message, options, message.files)
        body = {
            "text": text or None,
            "attachments": attachments,
            "username": escaped_line(message.label, MOST_NAME, FORM.escape_name),
            "icon_url": message.avatar_url,
            "channel": settings.channel,
            "silent": True if is_quiet or options.notify == "never" else None,
            "props": {"hipkit_message": message.id},
        }
        return json_call(settings.url.reveal(), body)

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means."""
        error = read_object(reply).get("id")
        verdict = judge_status(reply.status)
        if verdict == "delivered" and reply.body.strip() != b"ok":
            return Answer(verdict="route", problem="the address leads to no webhook")
        if verdict == "content" and _is_of_the_webhook(error):
            return Answer(verdict="route", problem=describe(reply.status, error))
        return read_status(reply, code=error)

    def host(self, settings: MattermostSettings) -> str:
        """Return the server's host."""
        return urlsplit(settings.url.reveal()).hostname or ""


class MattermostBot(Target[MattermostBotSettings]):
    """A bot of Mattermost."""

    name: ClassVar[str] = "mattermost-bot"
    settings: ClassVar[type[Settings]] = MattermostBotSettings
    pace_seconds: ClassVar[float] = 0.0
    is_idempotent: ClassVar[bool] = True
    uploads_bytes: ClassVar[int] = 50_000_000
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit(place="message", most=MOST_TEXT),
        Limit(place="file_ids", most=MOST_FILES, unit="items"),
        *attachment_limits(FORM, "props.attachments"),
    )

    def render(
        self,
        message: RelayMessage,
        settings: MattermostBotSettings,
        options: RenderOptions,
    ) -> HttpCall:
        """Return the post; refused before, it is plain text without thread and files."""
        known = {} if options.plain else options.references
        uploaded = [file for file in message.files if known.get(file.key)][:MOST_FILES]
        linked = [file for file in message.files if file not in uploaded]
        text, attachments = _content(message, options, linked, name=message.label)
        body = {
            "channel_id": settings.channel,
            "message": text,
            "root_id": known.get(message.thread or ""),
            "file_ids": [known[file.key] for file in uploaded],
            "pending_post_id": message.id,
            "props": {"hipkit_message": message.id}
            | ({"attachments": attachments} if attachments else {}),
        }
        return json_call(_api(settings, "posts"), body, bearer(settings.token))

    def render_upload(
        self, file: RelayFile, settings: MattermostBotSettings
    ) -> HttpCall:
        """Return the upload of a file into the channel."""
        fields = {"channel_id": settings.channel}
        url, headers = _api(settings, "files"), bearer(settings.token)
        return form_call(url, fields, file, name="files", headers=headers)

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the post, or that of its thread."""
        found = read_object(reply)
        return _read(reply, found, found.get("root_id") or found.get("id"))

    def read_upload(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the file's id."""
        found = read_object(reply)
        infos = found.get("file_infos")
        first = infos[0] if isinstance(infos, list) and infos else None
        return _read(reply, found, first.get("id") if isinstance(first, dict) else None)

    def render_check(self, settings: MattermostBotSettings) -> HttpCall:
        """Return the question whose token it is."""
        return get_call(_api(settings, "users/me"), bearer(settings.token))

    def read_check(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the bot."""
        found = read_object(reply)
        return _read(reply, found, found.get("id"))

    def host(self, settings: MattermostBotSettings) -> str:
        """Return the server's host."""
        return urlsplit(settings.server).hostname or ""


def _content(
    message: RelayMessage,
    options: RenderOptions,
    files: Iterable[RelayFile],
    *,
    name: str | None = None,
) -> tuple[str, list[dict[str, object]]]:
    """Return the text and the attachments of a post."""
    start = ""
    if message.loud and options.notify == "mention":
        start = f"{EVERYBODY} "
    if options.plain:
        return start + plain_message(message, FORM), []
    mentions = _mentions(options)
    if needs_attachment(message):
        shown = attachment(message, FORM, mentions, name=name, files=files)
        return start.strip(), [shown]
    return start + text_of_message(message, FORM, mentions, name=name, files=files), []


def _mentions(options: RenderOptions) -> Mapping[str, str]:
    if options.notify == "never":
        return {}
    return {name: f"@{user.lstrip('@')}" for name, user in options.mentions.items()}


def _is_of_the_webhook(error: object) -> bool:
    return (
        isinstance(error, str)
        and error.startswith("web.incoming_webhook.")
        and not any(part in error for part in OF_CONTENT)
    )


def _read(reply: Reply, found: Mapping[str, Any], reference: object) -> Answer:
    """Return what an answer of the API means; a success must hold a reference."""
    if judge_status(reply.status) != "delivered":
        return read_status(reply, code=found.get("id"))
    if not isinstance(reference, str):
        return Answer(verdict="route", problem="the address is no Mattermost server's")
    return Answer(verdict="delivered", reference=reference)


def _api(settings: MattermostBotSettings, place: str) -> str:
    return f"{settings.server.rstrip('/')}/api/v4/{quote(place)}"
