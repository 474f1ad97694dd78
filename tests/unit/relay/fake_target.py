"""A target for tests: JSON to one URL, answers as statuses say."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from hipkit.api.secret import Secret
from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.targets.protocol import (
    Answer,
    FindsPlace,
    HttpCall,
    Rendered,
    RenderOptions,
    Reply,
    Settings,
    Target,
    Verdict,
)


class FakeSettings(Settings, frozen=True, kw_only=True):
    """Where the fake is."""

    url: str = "https://chat.example.com/hook"


class FakeTarget(Target[FakeSettings]):
    """Takes every message as its id and text."""

    name: ClassVar[str] = "fake"
    settings: ClassVar[type[Settings]] = FakeSettings
    pace_seconds: ClassVar[float] = 0
    is_idempotent: ClassVar[bool] = True
    uploads_bytes: ClassVar[int] = 1_000

    def render(
        self, message: RelayMessage, settings: FakeSettings, options: RenderOptions
    ) -> Rendered:
        """Return a POST of the message's id."""
        body = {
            "id": message.id,
            "kind": message.kind,
            "label": message.label,
            "plain": options.plain,
            "references": dict(options.references),
        }
        return HttpCall(
            method="POST",
            url=Secret(settings.url),
            headers=(("Content-Type", "application/json"),),
            body=msgspec.json.encode(body),
        )

    def render_upload(self, file: RelayFile, settings: FakeSettings) -> HttpCall:
        """Return a POST of the file's bytes."""
        return HttpCall(method="POST", url=Secret(settings.url + "/upload"), file=file)

    def read(self, reply: Reply) -> Answer:
        """Return what a status means."""
        verdict: Verdict = "later"
        if 200 <= reply.status < 300:
            reference = reply.body.decode() or None
            return Answer(verdict="delivered", reference=reference)
        if reply.status in {400, 413, 422}:
            verdict = "content"
        elif reply.status in {401, 403, 404, 410}:
            verdict = "route"
        wait = reply.headers.get("retry-after")
        return Answer(
            verdict=verdict,
            problem=f"the target answered {reply.status}",
            wait_seconds=None if wait is None else float(wait),
        )

    def read_upload(self, reply: Reply) -> Answer:
        """Return what a status means; the body is the file's id there."""
        return self.read(reply)

    def host(self, settings: FakeSettings) -> str:
        """Return the host of the URL."""
        return settings.url.split("/")[2]


class PlacedTarget(FakeTarget, FindsPlace[FakeSettings]):
    """Asks for its place first."""

    def render_place(self, settings: FakeSettings) -> HttpCall:
        """Return a POST without a body."""
        return HttpCall(method="POST", url=Secret("https://chat.example.com/join"))

    def read_place(self, reply: Reply) -> Answer:
        """Return what a status means; the body is the place."""
        return self.read(reply)
