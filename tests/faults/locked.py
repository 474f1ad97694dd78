"""Another process holds the database's lock: answers that say to come back, and no restart."""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import tempfile
from pathlib import Path

from tests.faults.load import ROOM
from tests.faults.serving import DATABASE, serving

__all__ = ["run"]


def run(folder: Path) -> None:
    """Lock the database under a server."""
    post = "POST", f"/room/{ROOM}/notification"
    with serving(folder) as server:
        assert server.call("POST", "/room", {"name": ROOM})[0] == 201
        with contextlib.closing(
            sqlite3.connect(folder / DATABASE, isolation_level=None)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            status, headers, body = server.call(*post, {"message": "refused"})
            assert (status, dict(headers)["Retry-After"]) == (503, "5")
            assert json.loads(body)["error"]["code"] == 503
            # Who only reads notices nothing.
            assert server.call("GET", f"/room/{ROOM}/history")[0] == 200
            other.execute("ROLLBACK")
        assert server.call(*post, {"message": "kept"})[0] == 204
        items = json.loads(server.call("GET", f"/room/{ROOM}/history")[2])["items"]
        assert [item["message"] for item in items] == ["kept"]
        assert server.stop() == 0
        assert "Traceback" not in "".join(server.stderr_lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    for _ in range(parser.parse_args().rounds):
        with tempfile.TemporaryDirectory() as name:
            run(Path(name))
        print(
            "database locked: 503 with Retry-After for messages, reading went on;"
            " unlocked, all went on without a restart"
        )


if __name__ == "__main__":
    main()
