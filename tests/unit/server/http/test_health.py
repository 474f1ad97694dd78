from __future__ import annotations

import asyncio
from pathlib import Path

from hipkit.server.http.health import Health
from hipkit.server.storage.blobs import BlobStore
from tests.unit.server.asgi import Site


def problems(health: Health) -> list[str]:
    return asyncio.run(health.problems())


def test_a_server_that_can_work_has_no_problems(site: Site) -> None:
    assert problems(site.server.health) == []


def test_a_closed_database_is_a_problem(site: Site) -> None:
    site.server.close()
    assert problems(site.server.health) == ["the database cannot be read and written"]


def test_a_full_disk_is_a_problem(site: Site) -> None:
    health = Health(
        site.server.database, site.server.runtime.blobs, least_free_bytes=1 << 62
    )
    assert problems(health) == ["the disk is nearly full"]


def test_a_folder_that_is_gone_is_a_problem(site: Site) -> None:
    health = Health(site.server.database, BlobStore(Path("/nowhere/at/all")))
    assert problems(health) == [
        "the folder of files cannot be written",
        "the disk cannot be checked",
    ]


def test_a_server_that_stops_is_not_ready(site: Site) -> None:
    site.server.stop()
    assert problems(site.server.health) == ["the server is stopping"]


def test_a_database_of_another_version_is_a_problem(site: Site) -> None:
    site.set_schema(999)

    assert problems(site.server.health) == ["the database cannot be read and written"]
