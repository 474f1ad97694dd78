"""Writes what each target is sent into its page of the reference, between two marks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from hipkit.relay.targets import TARGETS
from hipkit.relay.targets.protocol import Limit, Mail
from tests.golden.relay.cases import CASES, GUIDE
from tests.golden.relay.golden import body_of, render

__all__ = ["page_of", "rewrite_pages", "written"]

REFERENCE = Path(__file__).parents[3] / "docs/reference/relay"
START = "<!-- What follows is written by `python -m tests.golden.relay`. -->\n"
END = "<!-- What was written ends here. -->\n"
UNITS = {"utf16": "UTF-16 units"}


def page_of(target: str) -> Path:
    """Return the page of a target."""
    return REFERENCE / f"{target}.md"


def rewrite_pages() -> None:
    """Write the marked part of every page that is there."""
    for target in TARGETS:
        if (path := page_of(target)).exists():
            text = path.read_text(encoding="utf-8")
            path.write_text(written(target, text), encoding="utf-8", newline="\n")


def written(target: str, page: str) -> str:
    """Return a page with its marked part as it has to be."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return "".join([before, START, *_limits(target), *_cases(target), END, after])


def _limits(target: str) -> Iterator[str]:
    limits = TARGETS[target].limits
    if limits:
        yield "\n## Limits\n\n| what | most |\n| --- | --- |\n"
    for limit in limits:
        yield f"| {_place(limit)} | {limit.most:,} {UNITS.get(limit.unit, limit.unit)} |\n"


def _place(limit: Limit) -> str:
    return f"`{limit.place}`" if limit.place else "the whole request"


def _cases(target: str) -> Iterator[str]:
    yield "\n## What arrives\n"
    for case, title in GUIDE.items():
        yield f"\n### {title}\n"
        if CASES[case].source:
            yield f"\nSent:\n\n```html\n{CASES[case].source.strip()}\n```\n"
        yield f"\nArrives:\n\n{_shown(target, case)}\n"


def _shown(target: str, case: str) -> str:
    rendered = render(target, case)
    if isinstance(rendered, Mail):
        return _mail(rendered.message)
    body = body_of(rendered)
    if isinstance(body, str):
        return f"```text\n{body}\n```"
    return f"```json\n{json.dumps(body, indent=2, ensure_ascii=False)}\n```"


def _mail(message: EmailMessage) -> str:
    """Return headers and parts of a mail as a reader's program shows them."""
    headers = [
        f"{name}: {value}"
        for name, value in message.items()
        if not name.startswith(("Content-", "MIME-"))
    ]
    parts = [f"```text\n{chr(10).join(headers)}\n```"]
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            kind = "html" if part.get_content_subtype() == "html" else "text"
            parts.append(f"```{kind}\n{content.decode().strip()}\n```")
    return "\n\n".join(parts)
