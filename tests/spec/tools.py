"""Runs the tools of others that read the spec; requirements/spec/ has their versions."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = [
    "PAGE",
    "PYTHON",
    "SPEC",
    "generate_package",
    "lint",
    "run",
    "run_node",
    "save_programs",
    "write_types",
]

REPOSITORY = Path(__file__).parents[2]
SPEC = REPOSITORY / "spec"
PAGE = REPOSITORY / "docs/how-to/developers/other-languages.md"
"""The page whose programs are tested here."""

TOOLS = REPOSITORY / ".tools/spec"
PROGRAMS = TOOLS / "python/bin"
PYTHON = PROGRAMS / "python"
"""Of the environment that has what generated packages need."""
NODE_MODULES = TOOLS / "node/node_modules"
SCRIPTS = {
    "redocly": "@redocly/cli/bin/cli.js",
    "openapi-typescript": "openapi-typescript/bin/cli.js",
    "tsc": "typescript/bin/tsc",
}
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
TITLED = re.compile(
    r'^```\w+ title="(?P<name>[\w.-]+)"\n(?P<text>.*?)^```$', re.M | re.S
)

Done = subprocess.CompletedProcess[str]


def run(
    folder: Path, *command: str | Path, settings: dict[str, str] | None = None
) -> Done:
    """Run a program in a folder, with the Python tools' folder first in `PATH`."""
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | QUIET | {"PATH": path} | (settings or {}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def run_node(
    folder: Path, script: str, *arguments: str, settings: dict[str, str] | None = None
) -> Done:
    """Run one of the tools for Node.js, or a script of the folder."""
    if shutil.which("node") is None:
        pytest.skip("no Node.js: apt install nodejs npm")
    path = NODE_MODULES / SCRIPTS[script] if script in SCRIPTS else Path(script)
    return run(folder, "node", path, *arguments, settings=settings)


def lint(document: Path) -> list[str]:
    """Return the rules that redocly finds broken, with its settings for the spec."""
    settings = str(SPEC / "redocly.yaml")
    done = run_node(
        document.parent, "redocly", "lint", f"--config={settings}", "--format=json", document.name
    )  # fmt: skip
    return [problem["ruleId"] for problem in json.loads(done.stdout)["problems"]]


def save_programs(folder: Path) -> None:
    """Write the page's blocks that have a title into a folder, as a reader does."""
    for block in TITLED.finditer(PAGE.read_text("utf-8")):
        (folder / block["name"]).write_text(block["text"], encoding="utf-8")


def write_types(folder: Path, document: str) -> None:
    """Write the types of a spec, such as `hipchat-v2`, and what the compiler needs beside them."""
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(NODE_MODULES, target_is_directory=True)
    (folder / "package.json").write_text('{"type": "module"}')
    done = run_node(
        folder,
        "openapi-typescript",
        str(SPEC / f"{document}.yaml"),
        "--default-non-nullable=false",
        f"--output={document}.ts",
    )
    assert done.returncode == 0, done.stderr


def generate_package(folder: Path, version: int, **settings: object) -> str:
    """Write the package `hipchat_vN` with openapi-python-client, and return what it reports."""
    (folder / "settings.json").write_text(json.dumps(settings))
    done = run(
        folder,
        PROGRAMS / "openapi-python-client",
        "generate",
        f"--path={SPEC / f'hipchat-v{version}.yaml'}",
        f"--output-path=hipchat_v{version}",
        "--meta=none",
        "--config=settings.json",
        "--overwrite",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
