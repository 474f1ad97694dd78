"""Prints what a package of openapi-python-client does with features.yaml, as JSON."""

import json
import sys
from typing import Any

import httpx
from package import AuthenticatedClient, models
from package.api.pets import add_pet, list_pets
from package.api.shapes import export, get_either, get_shape

sent: list[httpx.Request] = []
answer: list[Any] = [200, "application/json", b"null"]


def reply(request: httpx.Request) -> httpx.Response:
    """Keep the request, and answer what was set."""
    sent.append(request)
    return httpx.Response(
        answer[0], headers={"content-type": answer[1]}, content=answer[2]
    )


def answering(status: int, kind: str, body: object) -> None:
    """Set the answer; what is not bytes becomes JSON."""
    is_bytes = isinstance(body, bytes)
    answer[:] = [status, kind, body if is_bytes else json.dumps(body).encode()]


client = AuthenticatedClient(
    "https://api.example.com/v1",
    "secret",
    prefix="",
    auth_header_name="X-Key",
    httpx_args={"transport": httpx.MockTransport(reply)},
)
facts: dict[str, object] = {}

answering(200, "application/json", [])
near = models.ListPetsNear(lat=1.5, lon=2.5)
list_pets.sync(client=client, tags=["a", "b"], near=near)
facts["query"] = sent[-1].url.query.decode()
facts["key"] = sent[-1].headers.get("X-Key")

pet = {"id": 1, "name": "Tom", "kind": "cat"}
answering(201, "application/json", pet)
new = models.Pet(id=0, name="Tom", kind=models.PetKind.CAT, owner=None)
add_pet.sync(client=client, body=new)
facts["body"] = json.loads(sent[-1].content)

answering(200, "application/json", [pet | {"kind": "fish"}])
try:
    facts["new value"] = list_pets.sync(client=client)[0].kind
except ValueError as error:
    facts["new value"] = f"ValueError: {error}"
answering(200, "application/json", [pet | {"color": "red"}])
facts["extra member"] = "red" in repr(list_pets.sync(client=client)[0].to_dict())

answering(200, "application/json", {"kind": "square", "side": 2})
facts["union with discriminator"] = type(get_shape.sync(client=client)).__name__
answering(200, "application/json", {"meow": "loud"})
facts["union without"] = type(get_either.sync(client=client)).__name__
answering(200, "application/zip", b"PK")
facts["bytes"] = repr(export.sync(client=client)) if hasattr(export, "sync") else None
answering(404, "application/problem+json", {"title": "Gone", "detail": "Not here"})
problem = list_pets.sync(client=client)
facts["error"] = f"{type(problem).__name__}: {problem.title}"
json.dump(facts, sys.stdout)
