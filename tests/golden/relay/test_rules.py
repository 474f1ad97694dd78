"""What holds for every target and every message, whatever programs send."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipkit.api.secret import Secret
from hipkit.relay.message import RelayMessage
from hipkit.relay.reading import read_posted
from hipkit.relay.targets import TARGETS
from hipkit.relay.targets.protocol import (
    AppriseCall,
    HttpCall,
    Limit,
    Mail,
    Notify,
    Rendered,
    RenderOptions,
    Reply,
)
from hipkit.server.events.posted import PostedFile, PostedMessage
from tests.golden.relay.cases import (
    BEYOND,
    BRACKETS,
    CASES,
    ID,
    LINKS,
    LONG,
    MARKUP,
    MENTIONS,
    RTL,
)
from tests.golden.relay.golden import body_of, render
from tests.golden.relay.settings import SECRET, SETTINGS

UNITS = {
    "characters": len,
    "bytes": lambda text: len(text.encode()),
    "utf16": lambda text: len(text.encode("utf-16-le")) // 2,
    "items": len,
}  # fmt: skip
ANY_RING = r"@(here|all|channel|everyone|room)\b|<!|<@|<#|@\*\*|@_\*\*|</?users/"
RINGS = {
    "email": None,
    "ntfy": None,
    "webhook": None,
    "teams": ANY_RING + r"|<at>|\"entities\"",
    # What is in the text reaches nobody: who is told stands beside it.
    "matrix": r'"room": true|"user_ids"',
}
"""What rings at a target, in its request; `None` for those where no text does."""

PIECES = [
    MENTIONS,
    BRACKETS,
    LINKS,
    MARKUP,
    RTL,
    BEYOND,
    LONG,
    LONG * 60,
    "x" * 3000,
    "\0",
    "@",
]
TAGS = ["<b>", "</b>", "<i>", "<p>", "<br>", "<li>", "<ul>", "</ul>", "<table><tr><td>", "<td>",
        "<a href='https://x.y/z'>", "</a>", "<a href='javascript:x'>", "<h1>", "&lt;"]  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=6).map(
    " ".join
)
HTML = st.lists(
    st.sampled_from([*PIECES, *TAGS]) | st.text(max_size=20), max_size=20
).map("".join)
VALUE = TEXT | st.none() | st.integers() | st.lists(TEXT, max_size=2)
URL = st.sampled_from(
    ["https://x.y/z?a=1|2", "javascript:alert(1)", "data:x", "//x.y", "x" * 3000]
)
CARD = st.fixed_dictionaries(
    {},
    optional={
        "id": TEXT,
        "style": st.sampled_from(["application", "file", "image", "link", "media", "other"]),
        "title": VALUE,
        "url": URL,
        "description": VALUE | st.fixed_dictionaries({"value": HTML, "format": st.just("html")}),
        "activity": st.fixed_dictionaries({"html": HTML}),
        "icon": st.fixed_dictionaries({"url": URL}),
        "thumbnail": st.fixed_dictionaries({"url": URL, "url@2x": URL}),
        "attributes": st.lists(
            st.fixed_dictionaries(
                {"label": VALUE, "value": st.fixed_dictionaries({"label": TEXT, "url": URL})}
            ),
            max_size=60,
        ),
    },
)  # fmt: skip
FILE = st.builds(
    PostedFile,
    key=st.just("file-1"),
    name=TEXT,
    size_bytes=st.integers(0, 10**9),
    content_type=st.sampled_from(["image/png", "text/plain"]),
)
POSTED = st.builds(
    PostedMessage,
    id=st.just(ID),
    sent_us=st.integers(0, 4_000_000_000_000_000),
    kind=st.sampled_from(["message", "notification", "topic"]),
    room=TEXT | st.none(),
    body=HTML,
    format=st.sampled_from(["html", "text"]),
    sender=TEXT,
    color=st.sampled_from(["red", "gray", None]),
    notify=st.booleans(),
    card=CARD.map(lambda card: json.dumps(card)) | st.none(),
    attach_to=st.sampled_from(["card-1", None]),
    mentions=st.sampled_from([(), ("all", "here", "ann")]),
    file=FILE | st.none(),
)
MESSAGES = st.builds(
    read_posted,
    POSTED,
    label=st.sampled_from(["{from}", "{from} in {room}"]),
    title=st.sampled_from([None, "{room}: {color}"]),
    link=st.sampled_from([None, "https://relay.example.com/m/1"]),
    file_link=st.sampled_from([None, "https://relay.example.com/f/1"]),
)
OPTIONS = st.builds(
    RenderOptions,
    notify=st.sampled_from(["never", "normal"]),
    references=st.sampled_from([{}, {"card-1": "1724.01", "file-1": "https://x.y/up"}]),
    plain=st.booleans(),
)

every_target = pytest.mark.parametrize("target", TARGETS)
over_http = pytest.mark.parametrize(
    "target",
    [name for name in TARGETS if not isinstance(render(name, "text"), Mail)],
)


def rendered(target: str, message: RelayMessage, options: RenderOptions) -> Rendered:
    return TARGETS[target].render(message, SETTINGS[target], options)


@settings(max_examples=40)
@given(message=MESSAGES, options=OPTIONS)
def test_every_message_is_within_the_limits_and_rings_nobody(
    message: RelayMessage, options: RenderOptions
) -> None:
    for target in TARGETS:
        shown = rendered(target, message, options)
        check_limits(target, shown)
        check_silence(target, shown)
        check_links(target, shown)
        assert SECRET not in repr(shown)


@every_target
@pytest.mark.parametrize("case", CASES)
def test_every_case_is_within_the_limits(target: str, case: str) -> None:
    check_limits(target, render(target, case))


@every_target
@pytest.mark.parametrize("notify", ["never", "normal"])
def test_nobody_is_rung_unless_the_route_allows_it(target: str, notify: Notify) -> None:
    check_silence(
        target, rendered(target, CASES["loud"].message, RenderOptions(notify=notify))
    )


@every_target
def test_a_target_says_what_it_is(target: str) -> None:
    found = TARGETS[target]
    assert isinstance(SETTINGS[target], found.settings)
    assert found.pace_seconds >= 0
    assert found.host(SETTINGS[target])
    assert SECRET not in found.host(SETTINGS[target])


@every_target
def test_no_secret_is_shown(target: str) -> None:
    assert SECRET not in repr(SETTINGS[target])
    assert SECRET not in repr(TARGETS[target])


@pytest.mark.parametrize(
    "target", [name for name, target in TARGETS.items() if target.can_tell_repeats]
)
def test_whoever_can_tell_repeats_is_told_the_id_at_every_try(target: str) -> None:
    # The second try is later, and the third plain, as after a refusal.
    tries = [
        RenderOptions(now=datetime(2026, 12, 1, tzinfo=UTC)),
        RenderOptions(now=datetime(2026, 12, 2, tzinfo=UTC)),
        RenderOptions(now=datetime(2026, 12, 2, tzinfo=UTC), plain=True),
    ]
    message = CASES["html-small"].message
    for options in tries:
        sent, other = (
            rendered(target, one, options)
            for one in (message, replace(message, id="another"))
        )
        assert isinstance(sent, HttpCall)
        assert isinstance(other, HttpCall)
        told = {sent.url.reveal(), *map(": ".join, sent.headers)}
        assert any(message.id in each for each in told)
        assert not any(
            message.id in each
            for each in (other.url.reveal(), *map(": ".join, other.headers))
        )


@over_http
@pytest.mark.parametrize(
    "status", [200, 202, 204, 301, 400, 401, 404, 410, 413, 429, 500, 503]
)
@pytest.mark.parametrize(
    "body",
    [b"", b"ok", b"\xff", b"<html>t0psecr3t", b'{"ok": false, "error": "x t0psecr3t"}', b"[" * 9999,
     b'{"id": 1, "error": [], "message": {"ts": 1}, "errcode": {}, "retry_after": "x"}'],
)  # fmt: skip
def test_any_answer_is_read_and_not_repeated(
    target: str, status: int, body: bytes
) -> None:
    answer = TARGETS[target].read(Reply(status=status, body=body))
    assert SECRET not in (answer.problem or "")
    assert (answer.problem is None) == (answer.verdict == "delivered")
    if status >= 300:
        assert answer.verdict != "delivered"
    if status in (429, 503):
        assert answer.verdict == "later"


def check_limits(target: str, shown: Rendered) -> None:
    for limit in TARGETS[target].limits:
        for value in places(limit, shown):
            assert UNITS[limit.unit](value) <= limit.most, limit


def places(limit: Limit, shown: Rendered) -> Iterator[Any]:
    """Yield what stands at a limit's place in a request."""
    if isinstance(shown, Mail):
        raise AssertionError("a mail has no places")
    if not limit.place:
        body = shown.text if isinstance(shown, AppriseCall) else shown.body.decode()
        yield body
        return
    found = [body_of(shown)]
    for step in limit.place.split("."):
        name = step.removesuffix("[]")
        found = [
            each[name] for each in found if isinstance(each, dict) and name in each
        ]
        if step.endswith("[]"):
            found = [item for each in found for item in each]
    yield from (each for each in found if each is not None)


def check_silence(target: str, shown: Rendered) -> None:
    pattern = RINGS.get(target, ANY_RING)
    if pattern is not None:
        found = re.search(pattern, text_of(shown), re.IGNORECASE)
        assert found is None, found


def text_of(shown: Rendered) -> str:
    if isinstance(shown, Mail):
        return "\n".join(parts(shown.message))
    return json.dumps(body_of(shown), ensure_ascii=False)


def parts(message: EmailMessage) -> Iterator[str]:
    for part in message.walk():
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            yield payload.decode()


MARKDOWN_LINK = re.compile(r"(?<!\\)\]\(([^)\s]*)")
BRACKET_LINK = re.compile(r"<([^<>|\s]+:[^<>|\s]*)\|")
LINK_FORMS = {
    "discord": MARKDOWN_LINK,
    "googlechat": BRACKET_LINK,
    "mattermost": MARKDOWN_LINK,
    "mattermost-bot": MARKDOWN_LINK,
    "rocketchat": MARKDOWN_LINK,
    "rocketchat-bot": MARKDOWN_LINK,
    "slack": BRACKET_LINK,
    "slack-bot": BRACKET_LINK,
    "teams": MARKDOWN_LINK,
    "zulip": MARKDOWN_LINK,
}
"""How links are written in the strings of a request; all have `href` and members besides."""
NO_MARKUP = {
    "alias",
    "author",
    "author_name",
    "fallback",
    "fallbackText",
    "footer",
    "summary",
    "topLabel",
    "topic",
    "username",
}
HREF = re.compile(r"<[^<>]*(?:href|src)=\"([^\"]*)")
ADDRESS_MEMBERS = re.compile(r"(_|^)(url|link|icon)$")


def check_links(target: str, shown: Rendered) -> None:
    """Raise `AssertionError` for a link to anything but web and mail addresses."""
    for url in links(target, shown):
        assert url.lower().startswith(("https://", "http://", "mailto:")), url


def links(target: str, shown: Rendered) -> Iterator[str]:
    if isinstance(shown, Mail):
        texts = list(parts(shown.message))
    else:
        body = body_of(shown)
        texts = list(strings(body))
        yield from addresses(body)
    form = LINK_FORMS.get(target)
    for text in texts:
        yield from HREF.findall(text)
        yield from form.findall(text) if form is not None else ()


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from strings(each) if name not in NO_MARKUP else ()
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


def addresses(value: object) -> Iterator[str]:
    """Yield members that are addresses by their name."""
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and ADDRESS_MEMBERS.search(name):
                yield each
            yield from addresses(each)
    elif isinstance(value, list):
        for each in value:
            yield from addresses(each)


def test_the_rules_find_what_breaks_them() -> None:
    bad = HttpCall(
        method="POST",
        url=Secret("https://x.y"),
        body=msgspec.json.encode(
            {"text": "@here [a](javascript:x)", "attachments": []}
        ),
    )
    with pytest.raises(AssertionError):
        check_silence("mattermost", bad)
    with pytest.raises(AssertionError):
        check_links("mattermost", bad)
