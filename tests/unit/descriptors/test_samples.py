"""Descriptors with the shapes that add-ons of many years had, and what is said about each.

`python -m tests.unit.descriptors.test_samples` accepts what is said now.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.descriptors import DescriptorError, check_descriptor, read_descriptor

FOLDER = Path(__file__).parents[2] / "data" / "descriptors"
SAMPLES = sorted(path.stem for path in FOLDER.glob("*.json"))


def found_in(name: str) -> str:
    body = (FOLDER / f"{name}.json").read_bytes()
    lines = [
        f"{fault.severity}: {fault} -> {fault.remedy}"
        for fault in check_descriptor(body)
    ]
    try:
        read_descriptor(body)
    except DescriptorError as error:
        lines.append(f"not readable: {error}")
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_said_about_a_sample_is_recorded(name: str) -> None:
    recorded = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert found_in(name) == recorded


def test_there_are_samples_of_each_kind() -> None:
    recorded = [
        (FOLDER / f"{name}.txt").read_text(encoding="utf-8") for name in SAMPLES
    ]
    assert len(SAMPLES) >= 20
    assert any(text == "" for text in recorded)
    assert any("not readable" in text for text in recorded)


if __name__ == "__main__":
    for name in SAMPLES:
        (FOLDER / f"{name}.txt").write_text(found_in(name), encoding="utf-8")
