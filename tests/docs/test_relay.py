"""The pages of the relay's targets: each target has one, with all its settings."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from hipkit.api.secret import Secret
from hipkit.relay.config.file import read_relay_text
from hipkit.relay.config.references import References
from hipkit.relay.targets import TARGETS
from hipkit.relay.targets.protocol import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(
    r"^\| \[`([\w-]+)`\]\(\.\./(reference/relay/[\w-]+\.md)\)", re.MULTILINE
)


ADDRESS = "https://chat.example.com/hooks/0123456789abcdef"
FORMS = {"ntfy": "alerts", "telegram": "123456:ABC-DEF"}
"""Secrets of targets that take no address."""


class Sources(References):
    """Reads every reference as the same secret."""

    def __init__(self, secret: str) -> None:
        super().__init__(Path(), {})
        self._secret = Secret(secret)

    def read(self, reference: object) -> Secret:
        """Return the secret."""
        assert isinstance(reference, str)
        assert reference.startswith(("file:", "env:", "command:"))
        return self._secret


def pages() -> dict[str, Path]:
    """Return the pages that the guide links, by the names of targets."""
    guide = (DOCS / "how-to" / "relay.md").read_text(encoding="utf-8")
    return {name: DOCS / page for name, page in ROW.findall(guide)}


def test_the_guide_lists_every_target() -> None:
    assert pages().keys() == TARGETS.keys()


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_has_a_page_with_a_route_and_all_settings(name: str) -> None:
    page = pages()[name].read_text(encoding="utf-8")
    block = BLOCK.search(page)
    assert block is not None

    secret = Sources(FORMS.get(name, ADDRESS))
    file = read_relay_text(block[1], Path("relay.toml"), secret)

    assert [route.target.name for route in file.routes] == [name]
    for field in msgspec.structs.fields(TARGETS[name].settings):
        # What all have is on the guide's page.
        in_guide = field.encode_name in Settings.__struct_fields__
        assert in_guide or f"`{field.encode_name}`" in page
