"""Posts with nothing but Python."""

import os
from urllib.parse import urlencode
from urllib.request import urlopen

form = {"room_id": "Dev Ops", "from": "cron", "message": "urllib"}
address = f"https://api.hipchat.com/v1/rooms/message?auth_token={os.environ['TOKEN']}"
with urlopen(address, urlencode(form).encode(), timeout=30) as answer:
    answer.read()
