from __future__ import annotations

from hipkit.server.settings import Settings
from tests.unit.server.asgi import Site


def test_the_file_folder_is_beside_the_database(site: Site) -> None:
    settings = Settings(database=site.server.settings.database)

    assert settings.file_folder.name == "hipkit.db.files"
    assert settings.file_folder.parent == settings.database.parent
