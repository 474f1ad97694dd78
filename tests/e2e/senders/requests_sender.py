"""Posts with requests, as most scripts for HipChat did."""

import os

import requests

answer = requests.post(
    "https://api.hipchat.com/v2/room/Dev Ops/notification",
    headers={"Authorization": f"Bearer {os.environ['TOKEN']}"},
    json={"message": "requests", "color": "green", "notify": True},
    timeout=30,
)
answer.raise_for_status()
