"""A server in relay mode and nothing else: no routes, and the rooms of the recorded programs.

`python -m tests.e2e.relay_mode --db FILE --port 0` prints its address, as `hipkit serve` does.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from hipkit.server.logs import set_up_log
from hipkit.server.senders import SenderSettings
from hipkit.server.serve import listen, run
from hipkit.server.settings import Settings
from tests.e2e.replaying import PUBLIC_URL

REPOSITORY = Path(__file__).resolve().parents[2]
PATH = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
COMMAND = ("env", f"PYTHONPATH={PATH}", sys.executable, "-m", "tests.e2e.relay_mode")
ROOMS = {"1": "Dev Ops", "2": "Secret"}


def serve(database: Path, port: int, accept: list[str], proxies: list[str]) -> None:
    settings = Settings(
        database=database,
        public_url=PUBLIC_URL,
        trusted_proxies=tuple(proxies),
        senders=SenderSettings(rooms=ROOMS, accept=tuple(accept)),
    )
    run(
        settings,
        listen("127.0.0.1", port),
        on_open=lambda _: None,
        on_ready=lambda address: print(f"Serving on {address}", flush=True),  # noqa: T201 - what tests wait for
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--db", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--accept", action="append", default=[])
    parser.add_argument("--trusted-proxy", action="append", default=[])
    options = parser.parse_args()
    set_up_log(verbose=False)
    serve(options.db, options.port, options.accept, options.trusted_proxy)
