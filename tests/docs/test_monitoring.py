"""What the page on monitoring asks Prometheus for is what the server exposes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

NAME = re.compile(r"\bhipkit_[a-z_]+")
SUFFIXES = re.compile(r"_(?:count|bucket|sum)$")


@pytest.fixture(scope="module")
def page() -> str:
    return Path("docs/how-to/operators/monitoring.md").read_text(encoding="utf-8")


def test_every_metric_of_the_page_is_documented(page: str) -> None:
    reference = Path("docs/reference/metrics.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", reference, re.MULTILINE))
    used = {SUFFIXES.sub("", name) for name in NAME.findall(page)}

    assert len(used) > 5
    assert used <= documented


def test_the_configuration_and_the_rules_are_yaml_with_what_prometheus_needs(
    page: str,
) -> None:
    blocks = re.findall(r'^```yaml title="([^"]+)"\n(.*?)^```', page, re.DOTALL | re.M)
    files = {name: yaml.safe_load(text) for name, text in blocks}

    [job] = files["prometheus.yml"]["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["127.0.0.1:9100"]}]
    [rule_file] = files["prometheus.yml"]["rule_files"]
    [group] = files[rule_file]["groups"]
    assert all(
        set(rule) == {"alert", "expr", "for", "annotations"} for rule in group["rules"]
    )
    assert f'up{{job="{job["job_name"]}"}}' in group["rules"][1]["expr"]
