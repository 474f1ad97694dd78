"""A server in relay mode and nothing else: no routes, and the rooms of the recorded programs.

`python -m tests.e2e.relay_mode --db FILE --port 0` prints its address, as `hipkit serve` does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hipkit.server.logs import set_up_log
from hipkit.server.senders import SenderSettings
from hipkit.server.serve import listen, run
from hipkit.server.settings import Settings
from tests.e2e.replaying import PUBLIC_URL

ROOMS = {"1": "Dev Ops", "2": "Secret"}


def serve(database: Path) -> None:
    settings = Settings(
        database=database,
        public_url=PUBLIC_URL,
        senders=SenderSettings(rooms=ROOMS, name="Relay"),
    )
    run(
        settings,
        listen("127.0.0.1", 0),
        on_open=lambda _: None,
        on_ready=lambda address: print(f"Serving on {address}", flush=True),  # noqa: T201 - what the test waits for
    )


if __name__ == "__main__":
    set_up_log(verbose=False)
    serve(Path(sys.argv[sys.argv.index("--db") + 1]))
