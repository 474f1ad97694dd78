from __future__ import annotations

from codegen.planning.plan import renamed
from tests.codegen.packages import Generate, spec


def test_events_are_found_by_name_and_read_by_their_model(generate: Generate) -> None:
    package = generate(spec("events"))
    webhooks = __import__(f"{package.__name__}.webhooks", fromlist=["EVENTS"])

    event = webhooks.EVENTS["thing_made"].from_json(
        b'{"event":"thing_made","item":{"thing":{"name":"x"}}}'
    )

    assert event.item.thing == package.Thing(name="x")
    assert set(webhooks.EVENTS) == {"thing_made", "thing_lost"}


def test_quoted_words_of_an_annotation_are_not_renamed() -> None:
    annotation = "Pet | Literal['Pet', \"Pet\"] | list[Pet]"

    assert renamed(annotation, {"Pet": "PetModel"}) == (
        "PetModel | Literal['Pet', \"Pet\"] | list[PetModel]"
    )
