"""Descriptors of add-ons: read, checked, and evaluated, for servers and add-ons alike.

`read_descriptor` is tolerant and returns the typed descriptor; `check_descriptor` is strict and
lists faults with their places and remedies. Needs the extra `addon` or `server`.
Read next: `reading.py`.
"""

from __future__ import annotations

from hipkit.descriptors.document import LARGEST_DESCRIPTOR
from hipkit.descriptors.faults import DescriptorError, Fault
from hipkit.descriptors.reading import read_descriptor
from hipkit.descriptors.schema import descriptor_schema

__all__ = [
    "LARGEST_DESCRIPTOR",
    "DescriptorError",
    "Fault",
    "descriptor_schema",
    "read_descriptor",
]
