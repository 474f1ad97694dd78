"""Prints what a package of hipkit's generator does with features.yaml, as JSON."""

import json
import sys
from typing import Any

import package

from hipkit.api.errors import ApiError
from hipkit.testing import MemoryTransport
from hipkit.transports.protocol import RawResponse

sent: list[Any] = []
answer: list[Any] = [200, "application/json", b"null"]


def reply(request: Any) -> RawResponse:
    """Keep the request, and answer what was set."""
    sent.append(request)
    return RawResponse(answer[0], {"content-type": answer[1]}, answer[2])


def answering(status: int, kind: str, body: object) -> None:
    """Set the answer; what is not bytes becomes JSON."""
    is_bytes = isinstance(body, bytes)
    answer[:] = [status, kind, body if is_bytes else json.dumps(body).encode()]


client = package.Package("secret", transport=MemoryTransport(reply))
facts: dict[str, object] = {}

answering(200, "application/json", [])
client.pets.list_pets(tags=["a", "b"], near_lat=1.5, near_lon=2.5)
facts["query"] = sent[-1].target.partition("?")[2]
facts["key"] = dict(sent[-1].all_headers).get("X-Key")

pet = {"id": 1, "name": "Tom", "kind": "cat"}
answering(201, "application/json", pet)
client.pets.add_pet(name="Tom", kind="cat", owner=None)
facts["body"] = json.loads(sent[-1].content)

answering(200, "application/json", [pet | {"kind": "fish"}])
facts["new value"] = client.pets.list_pets()[0].kind
answering(200, "application/json", [pet | {"color": "red"}])
facts["extra member"] = "red" in repr(client.pets.list_pets()[0].to_dict())

answering(200, "application/json", {"kind": "square", "side": 2})
facts["union with discriminator"] = type(client.shapes.get_shape()).__name__
answering(200, "application/json", {"meow": "loud"})
facts["union without"] = type(client.shapes.get_either()).__name__
answering(200, "application/zip", b"PK")
facts["bytes"] = repr(client.shapes.export())
answering(404, "application/problem+json", {"title": "Gone", "detail": "Not here"})
try:
    client.pets.list_pets()
except ApiError as error:
    facts["error"] = f"{type(error).__name__}: {error.message}"
json.dump(facts, sys.stdout)
