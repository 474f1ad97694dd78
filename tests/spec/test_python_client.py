"""openapi-python-client makes packages of the specs, without what the page names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.spec.tools import PYTHON, SPEC, generate_package, run, save_programs

UPLOADS = {"share_file_with_room", "share_file_with_user"}
PICTURES = {"image/*": "application/octet-stream"}
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
print(len([importlib.import_module(each.name) for each in found]))
"""


def spec(version: int) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(
        (SPEC / f"hipchat-v{version}.yaml").read_text("utf-8")
    )
    return loaded


def methods(version: int) -> set[str]:
    """Return the names of all methods on a path."""
    return {
        node["operationId"]
        for item in spec(version)["paths"].values()
        for node in item.values()
    }


def written(folder: Path, version: int) -> set[str]:
    """Return the names of the methods that the package has."""
    modules = (folder / f"hipchat_v{version}/api").glob("*/[!_]*.py")
    return {path.stem for path in modules}


def test_version_1_is_whole(tmp_path: Path) -> None:
    report = generate_package(tmp_path, 1)
    assert report.split() == ["Generating", "hipchat_v1"]
    assert written(tmp_path, 1) == methods(1)


@pytest.mark.parametrize("literal_enums", [False, True])
def test_version_2_lacks_the_uploads_and_the_models_of_events(
    literal_enums: bool, tmp_path: Path
) -> None:
    report = generate_package(
        tmp_path, 2, literal_enums=literal_enums, content_type_overrides=PICTURES
    )
    assert methods(2) - written(tmp_path, 2) == UPLOADS
    assert written(tmp_path, 2) <= methods(2)
    assert report.count("Unsupported content type multipart/related") == len(UPLOADS)
    assert "image/*" not in report
    schemas = re.findall(r"^Unable to process schema .*/(\w+):$", report, re.MULTILINE)
    assert schemas == [f"{event}_event" for event in spec(2)["webhooks"]]


def test_without_its_setting_three_pictures_are_left_out(tmp_path: Path) -> None:
    report = generate_package(tmp_path, 2)
    assert report.count("Unsupported content_type image/*") == 3


@pytest.mark.parametrize("version", [1, 2])
def test_every_module_imports(version: int, tmp_path: Path) -> None:
    generate_package(tmp_path, version)
    package = f"hipchat_v{version}"
    done = run(tmp_path, PYTHON, "-c", IMPORT_ALL, package)
    assert done.stderr == ""
    assert int(done.stdout) > len(written(tmp_path, version))


def test_the_program_of_the_page_runs(tmp_path: Path, settings: dict[str, str]) -> None:
    generate_package(tmp_path, 2)
    save_programs(tmp_path)
    done = run(tmp_path, PYTHON, "python_chat.py", settings=settings)
    assert done.stdout.splitlines() == [
        "204",
        "python: Written in Python",
        "Room nowhere not found",
    ], done.stderr
