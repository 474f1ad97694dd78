"""What the examples of a page find around them: an empty folder, and a server of their own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from hipkit.server.app import open_server
from hipkit.server.serve import listen, serving
from hipkit.server.settings import Settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in an empty folder, with a fresh server's address and token in the environment.

    So a page's `HipChat()` works as it does for a reader who just started `hipkit serve`.
    """
    path = tmp_path_factory.mktemp("page")
    settings = Settings(database=tmp_path_factory.mktemp("server") / "hipkit.db")
    with (
        pytest.MonkeyPatch.context() as patch,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_serve(settings)) as address,
    ):
        patch.chdir(path)
        patch.setenv("HIPCHAT_BASE_URL", f"{address}/v2")
        patch.setenv("HIPCHAT_TOKEN", settings.token_file.read_text().strip())
        yield path


@contextlib.asynccontextmanager
async def _serve(settings: Settings) -> AsyncIterator[str]:
    listener = listen("127.0.0.1", 0)
    with (
        contextlib.closing(listener),
        contextlib.closing(await open_server(settings)) as server,
    ):
        async with serving(server, listener) as address:
            yield address
