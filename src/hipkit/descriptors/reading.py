"""Read descriptors tolerantly, as add-ons of many years and frameworks wrote them."""

from __future__ import annotations

from typing import cast

from hipkit.api.bodies.reading import UnreadableError, convert_json
from hipkit.descriptors.document import Document, parse_document
from hipkit.descriptors.faults import DescriptorError, Fault
from hipkit.v2.models import AddonDescriptor

__all__ = ["read_descriptor"]


def read_descriptor(body: bytes) -> AddonDescriptor:
    """Return the descriptor of an add-on.

    Accepts a single object for the list `webhook`, `allowGroup` for `allowGlobal`, `links` inside
    of `capabilities`, numbers and booleans as text, and any unknown member. Limits and choices
    are not checked: see `check_descriptor`.

    Args:
        body: The JSON document, at most `LARGEST_DESCRIPTOR` bytes.

    Raises:
        DescriptorError: It is not JSON, or what every descriptor needs is missing or of another
            type.
    """
    document = parse_document(body)
    _repair(document)
    try:
        return cast("AddonDescriptor", convert_json(document, AddonDescriptor))
    except UnreadableError as error:
        fault = Fault(
            place=error.where.removeprefix("$").removeprefix("."),
            problem=f"cannot be read: {error}",
            remedy="Compare it with the schema at /v2/capabilities/addon/schema.",
        )
        raise DescriptorError([fault]) from None


def _repair(document: Document) -> None:
    """Replace what old frameworks wrote by what it stands for."""
    capabilities = document.get("capabilities")
    if not isinstance(capabilities, dict):
        return
    if "links" in capabilities:
        document.setdefault("links", capabilities["links"])
    webhook = capabilities.get("webhook")
    if isinstance(webhook, dict):
        capabilities["webhook"] = [webhook]
    installable = capabilities.get("installable")
    if isinstance(installable, dict) and "allowGroup" in installable:
        installable.setdefault("allowGlobal", installable["allowGroup"])
