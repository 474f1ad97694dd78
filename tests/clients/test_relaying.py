"""Programs of others, as they are, through `hipkit relay` into Matrix and into a mail."""

from __future__ import annotations

import contextlib
import json
import shutil
import ssl
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.clients.conftest import HTTPS_PORT, certificate
from tests.clients.network import HIPCHAT, in_own_network
from tests.clients.relay import Relay
from tests.clients.surroundings import Surroundings
from tests.relay import homeserver
from tests.relay.mailserver import PASSWORD, MailServer, serving_mail
from tests.relay.relaying import RoomFeed, email_route, matrix_route, relaying
from tests.relay.showing import is_shown

# What else these can do, such as looking for people, is nothing for a relay: it has none.
HYPCHAT = """
import os
from hypchat import HypChat

room = HypChat(os.environ["ROOM_TOKEN"], os.environ["ROOT"]).get_room("Dev Ops")
room.notification("Build <a href='https://ci.example.com/12'>#12</a> failed", color="red")
room.notification("plain & simple", color="green", format="text")
"""
VERSION_1 = """
import os
import hipchat

client = hipchat.HipChat(os.environ["ROOM_TOKEN"], os.environ["ROOT"] + "/v1/")
client.message_room("Dev Ops", "Nagios", "<b>web-1</b> is down", "html", "red", True)
client.message_room(1, "Nagios", "web-1 is up", "text", "green")
"""
PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    root: "{{ lookup('env', 'ROOT') }}"
  module_defaults:
    community.general.hipchat:
      token: "{{ lookup('env', 'ROOM_TOKEN') }}"
      room: Dev Ops
      color: purple
      from: Ansible
      msg_format: html
  tasks:
    - community.general.hipchat:
        api: "{{ root }}/v2/"
        msg: Deployed <a href="https://ci.example.com/12">#12</a> to <i>web-1</i>
    - community.general.hipchat:
        api: "{{ root }}/v1"
        msg: Deployed <b>é</b> &amp; more
"""


@dataclass(frozen=True)
class Targets:
    """Where everything arrives."""

    place: Surroundings
    feed: RoomFeed
    mails: MailServer

    def check(self, *, count: int) -> None:
        """Check that all that is in the room arrived in Matrix and by mail, in order."""
        said = self._history()
        assert len(said) == count
        end = str(uuid.uuid4())
        status, _, _ = self.place.server.call(
            "POST", "/room/End/notification", {"message": end}, token="any"
        )
        assert status == 204
        events = [event["content"] for event in self.feed.until(end)[:-1]]
        mails = self.mails.wait_for(count + 1)[:-1]
        assert len(events) == len(mails) == count
        for message, event, mail in zip(said, events, mails, strict=True):
            assert is_shown(message, event["formatted_body"]), event
            author = parseaddr(str(mail["From"]))[0]
            assert is_shown(message, html_of(mail), author), mail

    def _history(self) -> list[dict[str, Any]]:
        status, _, page = self.place.server.call(
            "GET", "/room/Dev%20Ops/history/latest?max-results=1000"
        )
        assert status == 200, page
        found: list[dict[str, Any]] = json.loads(page)["items"]
        return found


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    text: str = part.get_content()
    return text


@pytest.fixture(scope="module")
def matrix(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[homeserver.Homeserver]:
    with homeserver.running(tmp_path_factory.mktemp("synapse")) as server:
        yield server


@pytest.fixture
def targets(
    prepared: tuple[Path, dict[str, str]],
    matrix: homeserver.Homeserver,
    tmp_path: Path,
) -> Iterator[Targets]:
    folder, names = prepared
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path))
    reader, bot = matrix.register_anybody(), matrix.register_anybody()
    room_id = reader.create_room()
    relay = Relay()
    with serving_mail(tmp_path) as mails:
        senders = '[senders]\nrooms = { 1 = "Dev Ops" }\n'
        routes = matrix_route(tmp_path, bot, room_id)
        routes += email_route(tmp_path, mails.port, PASSWORD)
        with (
            relay.listening(context, HTTPS_PORT if in_own_network() else 0) as port,
            contextlib.ExitStack() as stack,
        ):
            root = f"https://{HIPCHAT if in_own_network() else f'localhost:{port}'}"
            # Links of answers begin with it, and HypChat knows rooms by them.
            public = f'public_url = "{root}"\n'
            (tmp_path / "relay.toml").write_text(public + senders + routes)
            server = stack.enter_context(relaying(tmp_path, authority=mails.authority))
            address = urlsplit(server.base_url)
            relay.server = (address.hostname or "", address.port or 0)
            place = Surroundings(
                folder=tmp_path,
                server=server,
                relay=relay,
                names=names | {"root": root, "host": urlsplit(root).netloc},
                recordings=None,
            )
            yield Targets(place, RoomFeed(reader, room_id), mails)
            server.stop()
            assert "Traceback" not in "".join(server.stderr_lines)


def run(place: Surroundings, program: str, *command: str) -> None:
    place.need(program)
    done = subprocess.run(
        command,
        cwd=place.folder,
        env=place.environment(program),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_netdata(targets: Targets) -> None:
    targets.place.run("netdata")

    targets.check(count=3)


def test_the_module_of_ansible(targets: Targets) -> None:
    (targets.place.folder / "play.yml").write_text(PLAYBOOK)
    run(targets.place, "ansible", "ansible-playbook", "-i", "localhost,", "play.yml")

    targets.check(count=2)


def test_hypchat(targets: Targets) -> None:
    run(targets.place, "hypchat", "python", "-P", "-c", HYPCHAT)

    targets.check(count=2)


def test_a_sender_of_version_1(targets: Targets) -> None:
    run(targets.place, "python-simple-hipchat", "python", "-P", "-c", VERSION_1)

    targets.check(count=2)
