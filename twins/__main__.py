"""`python -m twins`: write the async half of every module in `pairs.py`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sourcefiles.errors import GenerationError
from sourcefiles.files import differences, write
from twins.pairs import TWINS
from twins.render import MARK, render_twins

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Run it and return the exit code: 1 if `--check` found differences, 2 for an error."""
    parser = argparse.ArgumentParser(prog="python -m twins", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="only show how the existing files differ"
    )
    options = parser.parse_args(arguments)
    lines: list[str] = []
    try:
        for folder, texts in render_twins(ROOT, TWINS).items():
            if options.check:
                lines += differences(folder, texts, MARK)
            else:
                print(write(folder, texts, MARK), file=sys.stderr)
    except GenerationError as error:
        print(error, file=sys.stderr)
        return 2
    sys.stdout.writelines(lines)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
