"""A small add-on as a process of its own: written without hipkit, as most add-ons are.

It serves its descriptor, asks for a token while it is installed, and writes its address and what
it is told to standard output, one JSON document a line. Called with a folder: `descriptor.json`,
and `status` with its answer to installations, or `none` to give none.
"""

from __future__ import annotations

import base64
import http.server
import json
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Addon(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    root: str
    secrets: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - shared by all requests

    def do_GET(self) -> None:
        descriptor = json.loads((self.folder / "descriptor.json").read_text())
        text = json.dumps(descriptor).replace("ROOT", self.root)
        self.answer(200, text.encode())

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        posted = json.loads(self.rfile.read(length))
        told = {"posted": posted, "path": self.path, "headers": dict(self.headers)}
        if "oauthId" in posted and "event" not in posted:
            client_id = posted["oauthId"]
            self.secrets[client_id] = self.secrets.get(client_id, {}) | posted
            told["token_status"] = self.ask_for_token(client_id)
        self.tell(told)
        status_file = self.folder / "status"
        text = status_file.read_text() if status_file.exists() else "200"
        if text == "none":
            threading.Event().wait()
        status = int(text)
        self.answer(status, b'{"message": "as you like"}')

    def do_DELETE(self) -> None:
        client_id = self.path.rpartition("/")[2]
        self.tell({"removed": client_id, "token_status": self.ask_for_token(client_id)})
        self.answer(204, b"")

    def ask_for_token(self, client_id: str) -> int:
        known = self.secrets[client_id]
        with DIRECT.open(known["capabilitiesUrl"], timeout=30) as answer:
            document = json.load(answer)
        if document["links"]["self"] != known["capabilitiesUrl"]:
            return 0
        pair = f"{client_id}:{known['oauthSecret']}".encode()
        request = urllib.request.Request(  # noqa: S310 - the host's own address
            document["capabilities"]["oauth2Provider"]["tokenUrl"],
            urllib.parse.urlencode({"grant_type": "client_credentials"}).encode(),
            {"Authorization": f"Basic {base64.b64encode(pair).decode()}"},
        )
        try:
            with DIRECT.open(request, timeout=30) as answer:
                known["token"] = json.load(answer)["access_token"]
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def tell(self, told: dict[str, Any]) -> None:
        write(json.dumps(told))

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def write(line: str) -> None:
    """Write a line for the tests."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    Addon.folder = Path(sys.argv[1])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Addon) as server:
        Addon.root = f"http://127.0.0.1:{server.server_address[1]}"
        write(Addon.root)
        server.serve_forever()


if __name__ == "__main__":
    main()
