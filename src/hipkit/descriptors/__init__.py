"""Descriptors of add-ons: read, checked, and evaluated, for servers and add-ons alike.

`read_descriptor` is tolerant and returns the typed descriptor; `check_descriptor` is strict and
lists faults with their places and remedies. Needs the extra `addon` or `server`.
Read next: `reading.py`.
"""

from __future__ import annotations

from hipkit.descriptors.checking import check_descriptor
from hipkit.descriptors.conditions import Facts, MessageFacts, holds
from hipkit.descriptors.document import LARGEST_DESCRIPTOR
from hipkit.descriptors.faults import DescriptorError, Fault
from hipkit.descriptors.reading import read_descriptor
from hipkit.descriptors.schema import descriptor_schema
from hipkit.descriptors.templates import expand_url

__all__ = [
    "LARGEST_DESCRIPTOR",
    "DescriptorError",
    "Facts",
    "Fault",
    "MessageFacts",
    "check_descriptor",
    "descriptor_schema",
    "expand_url",
    "holds",
    "read_descriptor",
]
