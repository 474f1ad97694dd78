"""Follows docs/how-to/operators/old-senders.md, with senders that know only HipChat's name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NAMESPACES = ["unshare", "--user", "--map-root-user", "--mount", "--net"]
# Where Debian keeps `ip` and `update-ca-certificates`, which a short PATH may lack.
PATH = f"{os.environ['PATH']}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
SENDERS = Path(__file__).parent / "senders"
LAYER = (
    "mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w && mount -t overlay overlay -o"
)
TRY = f"{LAYER} lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc && ip link set lo up"


def need_programs() -> None:
    """Skip without a program that the script calls, all of which Debian has."""
    packages = {
        "unshare": "util-linux",
        "ip": "iproute2",
        "curl": "curl",
        "update-ca-certificates": "ca-certificates",
    }
    for program, package in packages.items():
        if shutil.which(program, path=PATH) is None:
            pytest.skip(f"no {program}: apt install {package}")


def is_possible() -> bool:
    """Say whether this machine gives out namespaces."""
    done = subprocess.run(
        [*NAMESPACES, "sh", "-c", TRY],
        env=os.environ | {"PATH": PATH},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def test_old_senders_post_to_hipchats_own_name(tmp_path: Path) -> None:
    need_programs()
    if not is_possible():
        pytest.skip("this machine has no namespaces, which old senders need")
    path = f"{Path(sys.executable).parent}{os.pathsep}{PATH}"
    done = subprocess.run(
        [*NAMESPACES, "sh", str(SENDERS / "setting.sh"), str(SENDERS)],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    history = json.loads((tmp_path / "history.json").read_text())
    posted = done.stdout.splitlines()
    assert [item["message"] for item in history["items"]] == posted
    assert {"curl v1", "curl v2", "curl, a company", "requests", "urllib"} <= set(
        posted
    )
    labels = [item["from"] for item in history["items"][:2]]
    assert labels == ["Nagios", "old"]
