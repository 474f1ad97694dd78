"""The least token with which a program posts, where its own test uses one that may do more.

`docs/explanation/clients.md` names it for each program.
"""

from __future__ import annotations

import subprocess

import pytest

from tests.clients.network import in_own_network
from tests.clients.surroundings import PATIENCE_SECONDS, Surroundings
from tests.e2e.serving import admin

NODE = {"hipchat-client", "node-hipchat", "winston-hipchat"}
ONE_ADDRESS = {"hipchav", "node-hipchat", "winston-hipchat"}
WITH_ROOM_NOTIFICATION = {
    "hipcat": """
printf '[hipchat]\\naccess_token=%s\\nbase_url=%s/\\n' "$TOKEN" "$ROOT" >"$HOME/.hipcat.ini"
hipcat 1 --notification -m posted
""",
    "hipchat-client": """
const HipChat = require('hipchat-client');
const client = new HipChat(process.env.TOKEN);
client.host = process.env.ROOT;
const message = { room_id: 1, from: 'Program', message: 'posted' };
client.api.rooms.message(message, (error) => { if (error) throw error; });
""",
    "hipchat-notifications": """
export HIPCHAT_API_TOKEN="$TOKEN" HIPCHAT_API_SERVER="$HOST"
python -P -c 'from hipchat import notifications; notifications.notify_room(1, "posted")'
""",
    "node-hipchat": """
const HipChatClient = require('node-hipchat');
const client = new HipChatClient(process.env.TOKEN);
client.postMessage({ room: 'Dev Ops', message: 'posted' }, (answer, error) => {
  if (error) throw new Error(error);
});
""",
    "notifiers": """python -P -c '
import os, notifiers
access = {"team_server": os.environ["ROOT"], "token": os.environ["TOKEN"]}
hipchat = notifiers.get_notifier("hipchat")
assert hipchat.notify(**access, room="1", id="1", message="posted").ok'
""",
    "python-hipchat-v1": """python -P -c '
import os, hipchat
client = hipchat.HipChat(os.environ["TOKEN"], os.environ["ROOT"] + "/v1/")
client.message_room(1, "Someone", "posted")'
""",
    "winston-hipchat": """
const { Hipchat } = require('winston-hipchat');
new Hipchat({ room: 'Dev Ops', token: process.env.TOKEN })
  .log('info', 'posted', {}, (error) => { if (error) throw error; });
""",
}
WITH_PERSONAL = {
    "hipchat-api": (
        "view_group send_notification",
        """python -P -c '
import os
from hipchat import Api
api = Api(os.environ["TOKEN"], "Program", os.environ["ROOT"] + "/v1/")
(room,) = [room for room in api.rooms.list() if room.name == "Dev Ops"]
room.message("posted")'
""",
    ),
    "hipchav": (
        "send_message",
        """
HIPCHAT_V2_TOKEN="$TOKEN" hipchav.py message 1 posted
""",
    ),
    "hiplogging": (
        "view_room send_notification",
        """python -P -c '
import logging, os, hiplogging
handler = hiplogging.HipChatHandler(os.environ["TOKEN"], "Dev Ops", os.environ["ROOT"])
handler.emit(logging.LogRecord("n", logging.INFO, "p", 1, "posted", (), None))'
""",
    ),
    "hypchat": (
        "view_room send_notification",
        """python -P -c '
import os
from hypchat import HypChat
room = HypChat(os.environ["TOKEN"], os.environ["ROOT"]).get_room("Dev Ops")
room.notification("posted")'
""",
    ),
}


def post(place: Surroundings, program: str, script: str, token: str) -> list[str]:
    """Run a script with a token, and return the texts in the room."""
    place.need(program)
    if program in ONE_ADDRESS and not in_own_network():
        pytest.skip(f"{program} knows one address, which this machine cannot be")
    shell = ["node", "-e"] if program in NODE else ["sh", "-c"]
    subprocess.run(
        [*shell, script],
        cwd=place.folder,
        env=place.environment(program) | {"TOKEN": token},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return [str(entry["message"]) for entry in place.said()]


@pytest.mark.parametrize("program", WITH_ROOM_NOTIFICATION)
def test_a_room_notification_token_suffices(place: Surroundings, program: str) -> None:
    token = place.names["room token"]
    (said,) = post(place, program, WITH_ROOM_NOTIFICATION[program], token)
    assert "posted" in said


@pytest.mark.parametrize("program", WITH_PERSONAL)
def test_a_personal_token_is_needed(place: Surroundings, program: str) -> None:
    scopes, script = WITH_PERSONAL[program]
    assert post(place, program, script, place.names["room token"]) == []

    chosen = [part for scope in scopes.split() for part in ("--scope", scope)]
    token = str(admin(place.folder, "token", "add", *chosen)["token"])
    (said,) = post(place, program, script, token)
    assert "posted" in said
