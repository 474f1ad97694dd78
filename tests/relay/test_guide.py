"""`docs/how-to/relay.md`, followed with a real homeserver."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

from tests.e2e.serving import HIPKIT, PATIENCE_SECONDS, hipkit, serving
from tests.relay.homeserver import Homeserver, Member

PAGE = Path("docs/how-to/relay.md")
FILE = re.compile(r'^```toml title="relay\.toml"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
CURL = re.compile(r"^```sh\n(curl -d room_id=.*?)^```$", re.MULTILINE | re.DOTALL)


def first(pattern: re.Pattern[str], page: str) -> str:
    """Return the first block of a page that has a form."""
    found = pattern.search(page)
    assert found is not None
    return found[1]


def wait_for_message(bot: Member, room: str) -> dict[str, object]:
    """Return the content of the first message in a room."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := bot.messages(room)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    content: dict[str, object] = found[0]["content"]
    return content


def test_a_reader_of_the_guide_sees_an_old_program_arrive_in_matrix(
    homeserver: Homeserver, repository: Path, tmp_path: Path
) -> None:
    page = (repository / PAGE).read_text(encoding="utf-8")
    bot = homeserver.register_anybody()
    room = bot.create_room()
    token = tmp_path / "matrix-token"
    token.write_text(bot.token)
    token.chmod(0o600)
    text = first(FILE, page)
    assert "http://127.0.0.1:8008" in text
    assert "#alerts:localhost" in text
    (tmp_path / "relay.toml").write_text(
        text.replace("http://127.0.0.1:8008", homeserver.base_url).replace(
            "#alerts:localhost", room
        )
    )

    checked = hipkit(tmp_path, "relay", "check", "relay.toml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert bot.messages(room) == []

    with serving(
        tmp_path, "relay.toml", database="relay.db", command=(*HIPKIT, "relay")
    ) as relay:
        port = relay.base_url.removesuffix("/v2").rpartition(":")[2]
        command = first(CURL, page).replace(":8070/", f":{port}/")
        subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True)
        content = wait_for_message(bot, room)
        assert relay.stop() == 0
    assert "Nagios" in str(content["body"])
    assert "disk full on db1" in str(content["body"])

    tried = hipkit(tmp_path, "relay", "try", "ops", "It works", "--color", "red")
    assert tried.returncode == 0, tried.stderr
    assert "It works" in bot.messages(room)[-1]["content"]["body"]
