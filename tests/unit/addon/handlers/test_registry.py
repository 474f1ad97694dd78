from __future__ import annotations

import pytest

from hipkit.addon.descriptor.modules import make_external_page
from hipkit.addon.handlers.events import Message, RoomEnter, RoomEvent, RoomExit
from hipkit.addon.handlers.registry import Registry
from hipkit.addon.handlers.views import ViewRequest
from hipkit.addon.installations.installation import Installation


def registry() -> Registry:
    return Registry(("send_notification",))


def quiet(event: RoomEvent) -> None: ...


def talkative(event: RoomEvent) -> str:
    return ""


def test_a_handler_is_known_by_its_name_or_key() -> None:
    made = registry()
    made.add_handler(quiet, None, Message)
    made.add_handler(talkative, "other", Message)
    assert [*made.handlers] == ["quiet", "other"]


def test_a_function_may_handle_several_events() -> None:
    made = registry()
    made.add_handler(quiet, None, RoomEnter)
    made.add_handler(quiet, None, RoomExit)
    assert {key: each.event for key, each in made.handlers.items()} == {
        "quiet": "room_enter",
        "quiet.room_exit": "room_exit",
    }


def test_a_method_may_handle_several_events() -> None:
    class Bot:
        def note(self, event: RoomEvent) -> None: ...

    made, bot = registry(), Bot()
    made.add_handler(bot.note, None, RoomEnter)
    made.add_handler(bot.note, None, RoomExit)
    assert list(made.handlers) == ["note", "note.room_exit"]


def test_a_key_is_taken_once() -> None:
    made = registry()
    made.add_handler(quiet, "a", Message)
    with pytest.raises(ValueError, match="two handlers a"):
        made.add_handler(talkative, "a", Message)
    with pytest.raises(ValueError, match="choose a key="):
        made.add_handler(lambda event: None, None, Message)
    with pytest.raises(ValueError, match="the key 'a b'"):
        made.add_handler(quiet, "a b", Message)


def test_a_command_is_taken_once() -> None:
    made = registry()
    made.add_handler(quiet, "a", Message, command="/a")
    with pytest.raises(ValueError, match="two commands /a"):
        made.add_handler(quiet, "b", Message, command="/a")
    assert [each.name for each in made.commands] == ["/a"]


def test_a_reply_needs_its_scope() -> None:
    made = Registry(("view_room",))
    made.add_handler(quiet, None, Message)
    with pytest.raises(ValueError, match="send_notification"):
        made.add_handler(talkative, None, Message)
    # Its usage is a reply.
    with pytest.raises(ValueError, match="send_notification"):
        made.add_handler(quiet, "b", Message, command="/b")
    assert [*made.handlers] == ["quiet"]


def test_the_key_of_a_module_is_taken_once() -> None:
    made = registry()
    page = make_external_page("a", name=None, url="https://a.example")
    made.add_module(page)
    with pytest.raises(ValueError, match="two modules with the key a"):
        made.add_module(page)


def test_a_target_may_be_the_function_that_handles_it() -> None:
    made = registry()
    page = make_external_page("a", name=None, url="page/a")
    with pytest.raises(ValueError, match="quiet handles no module"):
        made.find_target(quiet, "glance g")
    made.add_module(page, quiet)
    assert made.find_target(quiet, "glance g") == "a"
    assert made.find_target("b", "glance g") == "b"
    assert made.find_target(None, "glance g") is None


def test_a_view_is_handled_once() -> None:
    def panel(request: ViewRequest) -> None: ...

    made = registry()
    made.add_view(panel, "panel", "p")
    with pytest.raises(ValueError, match="two handlers of the panel p"):
        made.add_view(panel, "panel", "p")


def test_changes_of_installations_may_have_several_functions() -> None:
    def greet(installation: Installation) -> None: ...

    made = registry()
    made.add_change(greet, change="installed")
    made.add_change(greet, change="installed")
    assert len(made.changes["installed"]) == 2
    with pytest.raises(TypeError, match="receives the Installation"):
        made.add_change(quiet, change="installed")


def test_there_is_one_place_for_errors() -> None:
    made = registry()
    with pytest.raises(TypeError, match="on_error takes a function"):
        made.set_on_error(None)  # type: ignore[arg-type]
    made.set_on_error(lambda failure: None)
    with pytest.raises(ValueError, match="two functions for on_error"):
        made.set_on_error(lambda failure: None)
