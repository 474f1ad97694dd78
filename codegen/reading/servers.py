"""Servers of paths and operations: accepted where they are below the client's base URL.

The client has one base URL, the document's first server. An operation whose own servers are on the
same host gets what its path has in addition; a token of one host is never sent to another.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from codegen.reading.document import Node
from codegen.reading.paths import PathOperation

RELATIVE = "https://relative.invalid/"
"""What relative addresses are resolved against."""


def default_base_url(root: Node) -> str | None:
    """Return the document's first server, if it is an http address with a host."""
    if root.has("swagger"):
        schemes = root.texts("schemes")
        scheme = schemes[0] if schemes and "https" not in schemes else "https"
        urls = [f"{scheme}://{root.text('host')}{root.text('basePath')}"]
    else:
        urls = _urls(root)
    for url in urls:
        parts = urlsplit(url)
        if (
            re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", parts.netloc)
            and parts.scheme in ("http", "https")
            and re.fullmatch(r"[\w/.~%-]*", parts.path, re.ASCII)
            and not (parts.query or parts.fragment or url.startswith(RELATIVE))
        ):
            return url.rstrip("/")
    return None


def server_prefix(operation: PathOperation) -> str:
    """Return the path below the client's base URL that an operation's own servers add."""
    owner = next(
        (each for each in (operation.node, operation.path_item) if each.has("servers")),
        None,
    )
    if owner is None:
        return ""
    roots = _urls(operation.node.document.root) or [RELATIVE]
    for url in _urls(owner):
        for root in roots:
            # A relative address is on the document's host, whatever that is.
            below = _below(url.replace(RELATIVE, _origin(root)), root)
            if below is not None:
                return below
    error = owner.get("servers") or owner
    raise error.error(
        "its servers are not below the document's own, and the client has one base URL;"
        " describe them in a document of their own"
    )


def _urls(owner: Node) -> list[str]:
    """Return the servers with their variables' defaults, absolute."""
    urls = []
    for server in owner.listed("servers"):
        defaults = {
            name: str(variable.value_of("default"))
            for name, variable in server.members("variables").items()
        }
        url = re.sub(
            r"\{([^{}]*)\}",
            lambda found, known=defaults: known.get(found[1], found[0]),  # type: ignore[misc]
            server.text("url"),
        )
        urls.append(urljoin(RELATIVE, url))
    return urls


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _below(url: str, root: str) -> str | None:
    """Return the path that leads from one address to another on the same host."""
    one, other = urlsplit(url), urlsplit(root)
    path, base = one.path.rstrip("/"), other.path.rstrip("/")
    if one.netloc != other.netloc or not f"{path}/".startswith(f"{base}/"):
        return None
    return path[len(base) :]
