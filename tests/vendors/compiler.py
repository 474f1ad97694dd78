"""Runs the TypeScript compiler over requests, with the types of those who take them.

`types/NAME.ts` has the type `Request` of a target, made of its maker's package; the packages and
the compiler are those of requirements/vendors/package.json.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

__all__ = ["TYPES", "compile_requests"]

TYPES = Path(__file__).parent / "types"
PACKAGES = Path(__file__).parents[2] / ".tools/vendors/node_modules"
OPTIONS = {
    "noEmit": True,
    "strict": True,
    "exactOptionalPropertyTypes": True,
    "skipLibCheck": True,
    "target": "es2022",
    "module": "nodenext",
    "types": [],
}


def compile_requests(folder: Path, requests: Mapping[str, Mapping[str, object]]) -> str:
    """Compile the requests of each target, and return what the compiler finds.

    Args:
        folder: Where to put what is compiled.
        requests: Target -> case -> JSON.
    """
    (folder / "node_modules").symlink_to(PACKAGES, target_is_directory=True)
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS}))
    for target, cases in requests.items():
        text = [(TYPES / f"{target}.ts").read_text(encoding="utf-8")]
        for number, (case, body) in enumerate(cases.items()):
            text.append(f"// {case}\nconst body{number}: Request = {json.dumps(body)};")
        (folder / f"{target}.ts").write_text("\n".join(text), encoding="utf-8")
    done = subprocess.run(
        ["node", PACKAGES / "typescript/bin/tsc", "--pretty", "false"],
        check=False,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    return done.stdout
