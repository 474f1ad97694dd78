"""The units of the guide for operators, as systemd itself checks them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

GUIDE = "docs/how-to/operators/cron-and-systemd.md"
UNIT = re.compile(
    r"`/etc/systemd/system/([^`]+)`[^\n]*\n\n```ini\n(.*?)^```",
    re.DOTALL | re.MULTILINE,
)
PROGRAM = "/opt/hipkit/bin/hipkit"


def verify(folder: Path) -> str:
    """Return what `systemd-analyze verify` says of the units in a folder."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: apt install systemd")
    # A folder is a drop-in, which systemd reads with its unit.
    units = sorted(path for path in folder.iterdir() if path.is_file())
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, units)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def write_units(repository: Path, folder: Path) -> dict[str, str]:
    units = dict(UNIT.findall((repository / GUIDE).read_text(encoding="utf-8")))
    for name, content in units.items():
        # It checks that programs exist, and hipkit is in /opt on none of our machines.
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content.replace(PROGRAM, "/bin/true"))
    return units


def test_systemd_accepts_every_unit(repository: Path, tmp_path: Path) -> None:
    units = write_units(repository, tmp_path)

    assert len(units) == 6
    assert verify(tmp_path) == ""


def test_systemd_accepts_the_unit_of_an_add_on(
    repository: Path, tmp_path: Path
) -> None:
    guide = repository / "docs/how-to/developers/addons.md"
    ((name, content),) = UNIT.findall(guide.read_text(encoding="utf-8"))
    program = "/opt/karma/venv/bin/uvicorn"
    assert program in content
    (tmp_path / name).write_text(content.replace(program, "/bin/true"))
    assert verify(tmp_path) == ""


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("hipkit.service", "Restart"),
        ("hipkit.service.d/tls.conf", "AmbientCapabilities"),
    ],
)
def test_the_check_finds_a_misspelt_setting(
    repository: Path, tmp_path: Path, name: str, setting: str
) -> None:
    write_units(repository, tmp_path)
    path = tmp_path / name
    path.write_text(path.read_text().replace(f"{setting}=", f"{setting}s="))

    assert f"{setting}s" in verify(tmp_path)
