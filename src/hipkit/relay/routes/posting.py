"""Sends one message by one route: its files, the message, and once more as plain text."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.routes.route import Route
from hipkit.relay.targets.protocol import (
    PLACE,
    Answer,
    FindsPlace,
    HttpCall,
    Rendered,
    RenderOptions,
    Reply,
    Settings,
)

__all__ = ["KeepReference", "Posted", "Sends", "read_reply", "send_message"]

LEAST_SECRET = 6
"""Characters of a secret that are worth hiding. Shorter ones are in many words by chance."""

Sleep = Callable[[float], Awaitable[object]]
KeepReference = Callable[[str, str], Awaitable[None]]
"""Stores what is known of the target, by a key of `RenderOptions.references`."""


class Sends(Protocol):
    """Sends what a target rendered once: `sending.sender.TargetSender`."""

    async def send(self, rendered: Rendered, settings: Settings) -> Reply | Answer:
        """Return a reply over HTTP, or what happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What came of a message."""

    answer: Answer
    status: int | None = None
    """Of the last reply over HTTP."""
    is_plain: bool = False
    """Whether it was sent as plain text, since the target refused the rest."""


async def send_message(
    route: Route,
    message: RelayMessage,
    sender: Sends,
    *,
    references: Mapping[str, str],
    now: datetime,
    keep: KeepReference,
    may_upload: bool = True,
    sleep: Sleep = asyncio.sleep,
) -> Posted:
    """Send a message by a route once.

    What the target refuses is sent once more as plain text: an alert without its colours is
    better than none.

    Args:
        route: The route.
        message: The message.
        sender: What sends.
        references: What is known of the target: its place, threads, and files uploaded before.
        now: The time, in UTC.
        keep: Stores a reference at once, so that a second try need not ask or upload again.
        may_upload: Whether files are uploaded; else they are linked.
        sleep: Waits after an upload and between the two tries, as long as the target's pace
            demands.
    """
    known = dict(references)

    async def learn(key: str, reference: str) -> None:
        known[key] = reference
        await keep(key, reference)

    failure = await _find_place(route, sender, known, learn)
    if failure is None and may_upload:
        failure = await _upload(route, message, sender, known, learn, sleep)
    if failure is not None:
        return failure
    options = RenderOptions(
        mentions=route.mentions, notify=route.notify, references=known, now=now
    )
    posted = await _post(route, message, sender, options)
    if posted.answer.verdict != "content":
        return posted
    await sleep(route.target.pace_seconds)
    # Without threads and files, too: one of those may be what the target refused.
    place = {key: reference for key, reference in known.items() if key == PLACE}
    bare = replace(options, plain=True, references=place)
    plain = await _post(route, message, sender, bare)
    if plain.answer.verdict == "delivered":
        problem = f"sent as plain text only: {posted.answer.problem}"
        return replace(
            plain, answer=replace(plain.answer, problem=problem), is_plain=True
        )
    return replace(plain, is_plain=True)


async def _find_place(
    route: Route, sender: Sends, known: dict[str, str], learn: KeepReference
) -> Posted | None:
    """Ask where messages go, unless that is known; return why it cannot be known now."""
    target = route.target
    if PLACE in known or not isinstance(target, FindsPlace):
        return None
    rendered = target.render_place(route.settings)
    posted = await _send(route, sender, rendered, target.read_place)
    reference = posted.answer.reference
    if posted.answer.verdict == "delivered" and reference is not None:
        await learn(PLACE, reference)
        return None
    if posted.answer.verdict in {"delivered", "content"}:
        # It is no message that was refused: none was sent.
        problem = posted.answer.problem or "the target names no place"
        answer = replace(posted.answer, verdict="route", problem=problem)
        return replace(posted, answer=answer)
    return posted


async def _upload(
    route: Route,
    message: RelayMessage,
    sender: Sends,
    known: dict[str, str],
    learn: KeepReference,
    sleep: Sleep,
) -> Posted | None:
    """Upload the files that are not there yet; return why the message has to wait."""
    for file in message.files:
        if file.key in known or not 0 < file.size_bytes <= route.target.uploads_bytes:
            continue
        posted = await _upload_file(route, file, sender)
        if posted.answer.verdict == "later":
            return posted
        # A file that is refused, or whose upload the token does not allow, is linked: its message
        # is no less worth reading.
        if posted.answer.verdict == "delivered" and posted.answer.reference is not None:
            await learn(file.key, posted.answer.reference)
        # Some targets count it as a message.
        await sleep(route.target.pace_seconds)
    return None


async def _upload_file(route: Route, file: RelayFile, sender: Sends) -> Posted:
    try:
        rendered = route.target.render_upload(file, route.settings)
    except Exception as error:
        problem = f"its upload could not be rendered: {type(error).__name__}"
        return Posted(answer=Answer(verdict="content", problem=problem))
    return await _send(route, sender, rendered, route.target.read_upload)


async def _post(
    route: Route, message: RelayMessage, sender: Sends, options: RenderOptions
) -> Posted:
    try:
        rendered = route.target.render(message, route.settings, options)
    except Exception as error:
        # Whatever a stranger wrote, it must not hold up what comes after it.
        problem = f"it could not be rendered: {type(error).__name__}"
        return Posted(answer=Answer(verdict="content", problem=problem))
    return await _send(route, sender, rendered, route.target.read)


async def _send(
    route: Route,
    sender: Sends,
    rendered: Rendered | HttpCall,
    read: Callable[[Reply], Answer],
) -> Posted:
    result = await sender.send(rendered, route.settings)
    if isinstance(result, Answer):
        return Posted(answer=result)
    answer = read_reply(result, read, route.settings)
    return Posted(answer=answer, status=result.status)


def read_reply(
    reply: Reply, read: Callable[[Reply], Answer], settings: Settings
) -> Answer:
    """Return what a reply means, without any secret of a route, whatever the target said.

    Args:
        reply: The reply.
        read: The target's function for replies to such a request.
        settings: The route's settings of the target.
    """
    return _without_secret(_read(reply, read), settings)


def _read(reply: Reply, read: Callable[[Reply], Answer]) -> Answer:
    try:
        return read(reply)
    except Exception as error:
        # Whatever a target answers: what it took is not sent again for that.
        problem = f"its answer could not be read: {type(error).__name__}"
        is_success = 200 <= reply.status < 300
        return Answer(verdict="delivered" if is_success else "later", problem=problem)


def _without_secret(answer: Answer, settings: Settings) -> Answer:
    """Leave out what the target says where it repeats a secret: its own word, and its reference."""
    reference = answer.reference or ""
    if any(secret.reveal() in reference for secret in settings.secrets):
        answer = replace(answer, reference=None)
    said, _, word = (answer.problem or "").rpartition(", ")
    is_part = len(word) >= LEAST_SECRET and any(
        word in secret.reveal() for secret in settings.secrets
    )
    return replace(answer, problem=said) if said and is_part else answer
