from __future__ import annotations

import re
import urllib.request
from pathlib import Path

from tests.e2e.serving import admin, hipkit, serving

LINK = re.compile(r"http://127\.0\.0\.1:\d+/set-password\?key=\S+")


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=300) as answer:  # noqa: S310 - our own server
        text: str = answer.read().decode()
        return text


def test_the_first_start_prints_a_link_and_later_ones_do_not(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        running.call("GET", "/room")
        link = LINK.findall("".join(running.stderr_lines))[0]
        page = read(link)
        running.stop()
    with serving(tmp_path) as running:
        running.call("GET", "/room")
        running.stop()

    assert "Set your password" in page
    assert "admin@example.com" in page
    assert "set-password" not in "".join(running.stderr_lines)


def test_hipkit_admin_makes_a_link_for_a_person(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        root = running.base_url.removesuffix("/v2")
        admin(tmp_path, "user", "add", "Ann", "ann@example.com")
        made = admin(
            tmp_path, "user", "password-link", "ann@example.com", "--url", root
        )

        assert "ann@example.com" in read(str(made["link"]))


def test_a_link_needs_a_person_and_an_address(tmp_path: Path) -> None:
    with serving(tmp_path):
        pass
    command = ["admin", "--db", "chat.db", "user", "password-link"]

    nobody = hipkit(tmp_path, *command, "nobody@example.com")
    nowhere = hipkit(tmp_path, *command, "1", "--url", "chat.example.com")

    assert (nobody.returncode != 0, nowhere.returncode) == (True, 2)
    assert "http" in nowhere.stderr
