# ElastAlert's alerter for HipChat, from Debian's package: what a rule that matched makes it send.
set -eu
/usr/bin/python3 <<'ALERTS'
import os

from elastalert.alerts import HipChatAlerter
from elastalert.ruletypes import AnyRule
from elastalert.util import EAException

RULE = {
    "name": "Errors",
    "index": "logs",
    "alert_text": "a text",
    "hipchat_auth_token": os.environ["ROOM_TOKEN"],
    "hipchat_room_id": "1",
    "hipchat_domain": os.environ["HOST"],
}
RULE["type"] = AnyRule(RULE)
MATCH = {"@timestamp": "2020-01-01T00:00:00Z", "message": "disk <full> & more", "count": 3}


def alert(text="", **rule):
    matches = [MATCH | {"text": text}]
    HipChatAlerter(RULE | rule).alert(matches)


alert()
alert(hipchat_message_format="text", hipchat_msg_color="green", hipchat_from="Elast")
alert(hipchat_mentions=["JaneDoe"], hipchat_notify=False)
alert(text="x" * 20_000)
try:
    alert(hipchat_auth_token="wrong")
except EAException as error:
    assert "401" in str(error), error
else:
    raise AssertionError("a wrong token was taken")
ALERTS
