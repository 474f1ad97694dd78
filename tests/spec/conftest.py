"""A server with the photo that the programs of the page read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.serving import Running, serving

PHOTO = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose administrator has a photo of 70 bytes."""
    with serving(tmp_path_factory.mktemp("server")) as running:
        status, _, _ = running.call("PUT", "/user/1/photo", {"photo": PHOTO})
        assert status == 204
        yield running


@pytest.fixture
def settings(server: Running) -> dict[str, str]:
    """Where the programs find the server."""
    return {
        "HIPCHAT_BASE_URL": server.base_url.removesuffix("/v2"),
        "HIPCHAT_TOKEN": server.token,
    }
