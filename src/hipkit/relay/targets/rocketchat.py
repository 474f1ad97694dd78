"""Rocket.Chat: an incoming webhook, or a bot with threads and ids of its own messages (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import escaped_line
from hipkit.relay.markup.dialect import MARKDOWN, Marker
from hipkit.relay.markup.escaping import (
    ZERO_WIDTH_SPACE,
    code_with_gaps,
    defuse,
    pre_with_gaps,
)
from hipkit.relay.message import RelayMessage
from hipkit.relay.targets.answers import describe, judge_status, read_object, read_wait
from hipkit.relay.targets.attachments import (
    AttachmentForm,
    attachment,
    attachment_limits,
    needs_attachment,
    plain_message,
    text_of_message,
)
from hipkit.relay.targets.calls import check_address, get_call, host_of, json_call
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
    "RocketChat",
    "RocketChatBot",
    "RocketChatBotSettings",
    "RocketChatSettings",
]

MOST_TEXT = 5_000
"""Characters of a message, unless the server's administrator set another limit."""
MOST_NAME = 80
EVERYBODY = "@here"
NO_ADDRESSES: tuple[str, ...] = ()

# The parser takes a star in bold text for its end, escaped or not, so stars and backticks have
# doubles that look alike, and so have dollars, which stand around formulas. Where a link, a
# channel or an emoji would begin, a zero-width space follows.
DOUBLES = str.maketrans({"*": "\u2217", "`": "\u02cb", "$": "\ufe69"})
MARK = re.compile(r"~|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
BEGUN = re.compile(
    r"\\(?=[\[\]()*_~`#.])|\](?=\()|<(?=\S)|\|(?=\|)|#(?=[A-Za-z])|:(?=[\w+-]+:)"
)
LINE_START = re.compile(r"(#|>|[*+-][ \t]|\d{1,9}\.[ \t])")

CONTENT = frozenset({"error-message-size-exceeded", "error-invalid-message"})
LATER = frozenset({"error-too-many-requests"})
DOUBLED = ("E11000", "duplicate key")
"""How a server's database says that there is a message with this id."""
WAIT = re.compile(r"wait (\d{1,5}) seconds")
CODE = re.compile(
    r"\[((?:error|invalid)-[a-z0-9-]{1,60})\]|((?:error|invalid)-[a-z0-9-]{1,60})"
)


def _escaped(text: str) -> str:
    text = MARK.sub(r"\\\g<0>", BEGUN.sub(_gapped, defuse(text)))
    return text.translate(DOUBLES)


def _gapped(found: re.Match[str]) -> str:
    return found.group() + ZERO_WIDTH_SPACE


def _line(line: str) -> str:
    return f"{ZERO_WIDTH_SPACE}{line}" if LINE_START.match(line) else line


def _link(shown: str, url: str) -> str:
    return f"[{shown}]({url.replace('(', '%28').replace(')', '%29')})"


DIALECT = replace(
    MARKDOWN,
    escape=_escaped,
    escape_line=_line,
    bold=Marker("**"),
    italic=Marker("_", needs_gap=True),
    strike=Marker("~", needs_gap=True),
    code=lambda text: code_with_gaps(defuse(text)),
    pre=lambda text: pre_with_gaps(defuse(text)),
    link=_link,
    has_marks_in_links=False,
    has_tables=False,
)
FORM = AttachmentForm(
    dialect=DIALECT,
    escape_title=lambda text: BEGUN.sub(_gapped, defuse(text)),
    escape_name=defuse,
    most_text=4_900,
    most_title=300,
    most_field=1_000,
    most_fields=50,
)


def _limits(text: str, place: str = "") -> tuple[Limit, ...]:
    return (
        Limit(place=f"{place}{text}", most=MOST_TEXT),
        Limit(place=f"{place}alias", most=MOST_NAME),
        Limit(place=f"{place}attachments", most=1, unit="items"),
        *attachment_limits(FORM, f"{place}attachments"),
    )


class RocketChatSettings(Settings, frozen=True, kw_only=True):
    """An incoming webhook."""

    url: Secret
    """The webhook's address, `https://chat.example.com/hooks/...`."""
    channel: str | None = None
    """Another channel than the webhook's own, such as `#alerts`."""

    def __post_init__(self) -> None:
        check_address("url", self.url.reveal())


class RocketChatBotSettings(Settings, frozen=True, kw_only=True):
    """A user with the role *bot* who is in a room."""

    server: str
    """The address of the server, such as `https://chat.example.com`."""
    user: str
    """The user's id."""
    token: Secret
    """A personal access token of the user."""
    room: str
    """The room's id."""

    def __post_init__(self) -> None:
        check_address("server", self.server)
        for name, value in (("user", self.user), ("room", self.room)):
            if not (value.isascii() and value.isalnum()):
                raise ValueError(f"{name} is no id, which has letters and digits only")


class RocketChat(LinksFiles, Target[RocketChatSettings]):
    """An incoming webhook of Rocket.Chat."""

    name: ClassVar[str] = "rocketchat"
    settings: ClassVar[type[Settings]] = RocketChatSettings
    pace_seconds: ClassVar[float] = 0.0
    is_idempotent: ClassVar[bool] = False
    limits: ClassVar[tuple[Limit, ...]] = _limits("text")

    def render(
        self,
        message: RelayMessage,
        settings: RocketChatSettings,
        options: RenderOptions,
    ) -> HttpCall:
        """Return the message; refused before, it is plain text."""
        text, attachments = _content(message, options)
        body = {
            "text": text,
            "attachments": attachments,
            "alias": escaped_line(message.label, MOST_NAME, defuse),
            "avatar": message.avatar_url,
            "channel": settings.channel,
            "parseUrls": False,
        }
        return json_call(settings.url.reveal(), body)

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means."""
        return _read(reply)

    def host(self, settings: RocketChatSettings) -> str:
        """Return the server's host."""
        return host_of(settings.url.reveal())


class RocketChatBot(LinksFiles, Target[RocketChatBotSettings]):
    """A bot of Rocket.Chat, by `chat.sendMessage`."""

    name: ClassVar[str] = "rocketchat-bot"
    settings: ClassVar[type[Settings]] = RocketChatBotSettings
    pace_seconds: ClassVar[float] = 0.0
    is_idempotent: ClassVar[bool] = True
    limits: ClassVar[tuple[Limit, ...]] = _limits("msg", "message.")

    def render(
        self,
        message: RelayMessage,
        settings: RocketChatBotSettings,
        options: RenderOptions,
    ) -> HttpCall:
        """Return the message; refused before, it is plain text without name and thread."""
        text, attachments = _content(message, options)
        sent: dict[str, object] = {
            "_id": message.id,
            "rid": settings.room,
            "msg": text,
        }
        if attachments:
            sent["attachments"] = attachments
        if not options.plain:
            # A user without the role `bot` may not have another name.
            sent["alias"] = escaped_line(message.label, MOST_NAME, defuse)
            if message.avatar_url is not None:
                sent["avatar"] = message.avatar_url
            root = options.references.get(message.thread or "")
            if root is not None:
                sent["tmid"] = root
        body = {"message": sent, "previewUrls": NO_ADDRESSES}
        return json_call(_api(settings, "chat.sendMessage"), body, _headers(settings))

    def read(self, reply: Reply) -> Answer:
        """Return what the answer means; its reference is the message, or that of its thread."""
        found = read_object(reply)
        said = str(found.get("error"))
        if reply.status == 400 and any(sign in said for sign in DOUBLED):
            # It was taken before: only its answer had been lost.
            return Answer(verdict="delivered")
        answer = _read(reply)
        if answer.verdict != "delivered":
            return answer
        sent = found.get("message")
        sent = sent if isinstance(sent, dict) else {}
        reference = sent.get("tmid") or sent.get("_id")
        if isinstance(reference, str):
            return replace(answer, reference=reference)
        return answer

    def render_check(self, settings: RocketChatBotSettings) -> HttpCall:
        """Return the question whose token it is."""
        return get_call(_api(settings, "me"), _headers(settings))

    def read_check(self, reply: Reply) -> Answer:
        """Return what the answer means."""
        return _read(reply)

    def host(self, settings: RocketChatBotSettings) -> str:
        """Return the server's host."""
        return host_of(settings.server)


def _api(settings: RocketChatBotSettings, method: str) -> str:
    return f"{settings.server.rstrip('/')}/api/v1/{method}"


def _headers(settings: RocketChatBotSettings) -> tuple[tuple[str, str], ...]:
    return (
        ("X-User-Id", settings.user),
        ("X-Auth-Token", settings.token.reveal()),
    )


def _content(
    message: RelayMessage, options: RenderOptions
) -> tuple[str, list[dict[str, object]]]:
    """Return the text and the attachments of a message."""
    start = ""
    if message.loud and options.notify == "mention":
        start = f"{EVERYBODY} "
    if options.plain:
        return start + plain_message(message, FORM), []
    mentions = _mentions(options)
    if not needs_attachment(message):
        text = text_of_message(message, FORM, mentions, files=message.files)
        return start + text, []
    shown = attachment(message, FORM, mentions, files=message.files)
    if "pretext" in shown:
        shown["mrkdwn_in"] = ["text", "pretext", "fields"]
    if "footer" in shown:
        # After an outage messages come late: each reader sees when it was.
        shown["ts"] = message.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return start.strip(), [shown]


def _mentions(options: RenderOptions) -> Mapping[str, str]:
    if options.notify == "never":
        return {}
    return {name: f"@{user.lstrip('@')}" for name, user in options.mentions.items()}


def _read(reply: Reply) -> Answer:
    """Return what an answer means: `success`, and the code of an error."""
    found = read_object(reply)
    said = found.get("error")
    text = said if isinstance(said, str) else ""
    code = _code(found.get("errorType"), text)
    if 200 <= reply.status < 300:
        if found.get("success") is True:
            return Answer(verdict="delivered")
        if found.get("success") is not False:
            problem = "the address is no Rocket.Chat server's"
            return Answer(verdict="route", problem=problem)
    answer = _judged(reply, code)
    if answer.verdict == "later" and answer.wait_seconds is None:
        wait = WAIT.search(text)
        return replace(answer, wait_seconds=float(wait[1]) if wait else None)
    return answer


def _judged(reply: Reply, code: str | None) -> Answer:
    """Return what an answer that refuses means: its code says more than its status."""
    verdict = judge_status(reply.status)
    if code in LATER:
        verdict = "later"
    elif code in CONTENT and verdict != "later":
        verdict = "content"
    elif verdict == "delivered" or (code is not None and verdict == "content"):
        verdict = "route"
    return Answer(
        verdict=verdict,
        problem=describe(reply.status, code),
        wait_seconds=read_wait(reply) if verdict == "later" else None,
    )


def _code(kind: Any, text: str) -> str | None:
    for said in (kind, text):
        found = CODE.search(said) if isinstance(said, str) else None
        if found is not None:
            return found[1] or found[2]
    return None
