"""What the figures were taken on: the machine and the versions, and nothing that names either."""

from __future__ import annotations

import os
import platform
import ssl
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pycurl

__all__ = ["facts"]

COMPARED = ("msgspec", "httpx2", "httpcore2", "anyio", "pycurl", "hypchat", "requests")


def facts() -> list[str]:
    """Tell what one needs to compare these figures with others."""
    libraries = ", ".join(_versions())
    return [
        f"hipkit {version('hipkit')}",
        f"{_cores()} cores of {_processor()}, {platform.system()}",
        f"{platform.python_implementation()} {platform.python_version()}, {ssl.OPENSSL_VERSION}",
        f"{libraries}; {_curl()}",
    ]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    if known.exists():
        for line in known.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _versions() -> Iterator[str]:
    for name in COMPARED:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"no {name}"


def _curl() -> str:
    """Name libcurl and its TLS library."""
    return " on ".join(pycurl.version.split()[1:3]).replace("/", " ")
