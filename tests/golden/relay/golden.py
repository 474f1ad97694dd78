"""What each target is sent for each case, as text: one file a case and target.

`python -m tests.golden.relay` rewrites the files, and `test_golden.py` compares them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from hipkit.relay.targets import TARGETS
from hipkit.relay.targets.protocol import AppriseCall, HttpCall, Mail, Rendered
from tests.golden.relay.cases import CASES
from tests.golden.relay.settings import SETTINGS

__all__ = ["FOLDER", "body_of", "path_of", "render", "rendered_text", "rewrite"]

FOLDER = Path(__file__).parent
HIDDEN = "***"
FORM = "application/x-www-form-urlencoded"


def render(target: str, case: str) -> Rendered:
    """Return what a target is sent for a case."""
    options = CASES[case].options
    return TARGETS[target].render(CASES[case].message, SETTINGS[target], options)


def path_of(target: str, case: str) -> Path:
    """Return the file of a target and a case."""
    ending = "eml" if isinstance(render(target, case), Mail) else "json"
    return FOLDER / target / f"{case}.{ending}"


def rendered_text(rendered: Rendered) -> str:
    """Return a request as it stands in its file; tokens are hidden."""
    if isinstance(rendered, Mail):
        return rendered.message.as_bytes().decode("utf-8", "replace").replace("\r", "")
    if isinstance(rendered, HttpCall):
        shown: dict[str, Any] = {
            "method": rendered.method,
            "url": rendered.url.reveal(),
            "headers": {name: _header(name, value) for name, value in rendered.headers},
            "body": body_of(rendered),
        }
    else:
        shown = {"url": HIDDEN, "title": rendered.title, "type": rendered.type}
        shown["body"] = rendered.text
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def body_of(rendered: HttpCall | AppriseCall) -> Any:
    """Return the body of a request: JSON and forms as what they mean."""
    if isinstance(rendered, AppriseCall):
        return rendered.text
    try:
        return json.loads(rendered.body)
    except ValueError:
        text = rendered.body.decode("utf-8", "replace")
    if ("Content-Type", FORM) in rendered.headers:
        return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
    return text


def _header(name: str, value: str) -> str:
    return HIDDEN if name.lower() == "authorization" else value


def rewrite() -> None:
    """Write the file of each target and case, and remove all others."""
    written = set()
    for target in TARGETS:
        (FOLDER / target).mkdir(exist_ok=True)
        for case in CASES:
            path = path_of(target, case)
            text = rendered_text(render(target, case))
            path.write_text(text, encoding="utf-8", newline="\n")
            written.add(path)
    for path in files() - written:
        path.unlink()


def files() -> set[Path]:
    """Return the files that are there."""
    return {path for path in FOLDER.glob("*/*") if path.suffix in (".eml", ".json")}
