"""Posts one notification as scripts do: `post_httpx2_simply.py BASE_URL TOKEN`."""

import sys

import httpx2

base_url, token = sys.argv[1:]
response = httpx2.post(
    f"{base_url}/room/Dev%20Ops/notification",
    headers={"Authorization": f"Bearer {token}"},
    json={"message": "Done."},
)
sys.exit(response.status_code != 204)
