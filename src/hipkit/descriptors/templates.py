"""URLs with variables, such as `https://example.com/?text={message.body}` (pure)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

__all__ = ["VARIABLE", "VARIABLES", "expand_url", "value_at", "variables_of"]

VARIABLES = (
    "message.body",
    "message.mid",
    "message.sender.id",
    "message.sender.mention",
    "message.sender.name",
)
"""The variables of an action on a message; `message.metadata.NAME` is one too."""

VARIABLE = re.compile(r"\{([^{}]*)\}")
"""A variable in a URL; its group is the name."""

KEPT = "!'()*"
"""What `encodeURIComponent` of browsers keeps besides letters, digits and `-._~`."""


def expand_url(template: str, values: Mapping[str, object]) -> str:
    """Return a URL with its variables replaced.

    Each value is written as JSON without spaces, so a text has quotation marks, and is then
    percent-encoded. A variable without a value becomes empty. Servers add `signed_request`
    afterwards.

    ```python
    url = expand_url("https://example.com/?q={message.body}", {"message": {"body": "a b"}})
    assert url == "https://example.com/?q=%22a%20b%22"
    ```

    Args:
        template: The URL, of an external page, a web panel or a dialog.
        values: Plain JSON, such as `{"message": {"body": ..., "sender": {"name": ...}}}`.

    Raises:
        TypeError: A value is no plain JSON.

    Source: HipChat's guide; the encoding is that of its web client.
    """
    return VARIABLE.sub(lambda found: _encoded(value_at(values, found[1])), template)


def variables_of(template: str) -> Iterator[str]:
    """Yield the names of a URL's variables, in order."""
    for found in VARIABLE.finditer(template):
        yield found[1]


def value_at(values: object, path: str) -> object:
    """Return the value at a dotted path, such as `sender.name`; `None` if there is none."""
    for step in path.split("."):
        values = values.get(step) if isinstance(values, Mapping) else None
    return values


def _encoded(value: object) -> str:
    if value is None:
        return ""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Half of a surrogate pair, which has no encoding, would end the whole expansion.
    encodable = written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return quote(encodable, safe=KEPT)
