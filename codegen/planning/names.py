"""The naming rules, from the document's names to Python's.

An operation's name is its `operationId` or its `summary`; all other names follow from those of the
document by the functions below.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Container, Iterable

from codegen.reading.document import words

WHOLE_WORDS = {"OAuth": "Oauth"}
"""Words that are not split at a capital letter: `oauth_sessions`, not `o_auth_sessions`."""

OPERATION_ATTRIBUTES = words(
    "operation_id tag method path is_text errors separators files auth key_in token_optional scopes"
    " token_types any_token result redirect redirect_member statuses query header joined"
    " members body_kind whole_body optional_body content_type rules secrets credentials call"
    " private_query private_values secret_values template shown_target"
)
"""Attributes of `hipkit.api.operation.Operation`, which no argument may be named after."""

MODEL_ATTRIBUTES = words(
    "rules secrets is_closed listed_by check from_json to_dict to_json"
)
"""Attributes of `hipkit.api.model.Model`."""

ANNOTATION_WORDS = words("bool int float str list dict object bytes datetime field")
"""A field of such a name would hide the type from the fields after it."""

RESERVED_CLASSES = words(
    "Annotated Api AsyncApi AsyncRawApi AsyncRawSend AsyncSend CallOptions ClassVar DateTime"
    " Entry FileSource ImageSource ListPage Literal Mapping Model OpenObject Operation"
    " OperationGroup extra_members"
    " RawApi RawSend Response Rule Send TaggedUnion TypeAlias UNSET Unpack UnsetType UnixTime"
    " None True False"
    " OPERATIONS EVENTS Event TYPE_CHECKING"
)
"""Names that generated modules import, or define beside the document's classes."""

CALL_OPTIONS = words(
    "timeout deadline retries pace headers hooks max_response_bytes on_unreadable"
    " request_id"
)
"""The options of `hipkit.api.calling.CallOptions`."""

EXTRA = "\ue000"
"""In a name on the wire: the place of a key of a mapping, as `hipkit.api.bodies.extra` has it."""

SECRET_NAMES = words(
    "accesstoken token refreshtoken password clientsecret secret oauthsecret authtoken apikey"
)
"""In lower case, without separators."""

RESERVED_METHODS = words(
    "_send builtins datetime CallOptions Literal UNSET Unpack UnsetType"
)
"""A method of such a name would hide a name that later methods need."""

CLIENT_ATTRIBUTES = words(
    "aclose base_url close items limits pages request send send_raw with_options with_token"
)
"""Attributes of `hipkit.client.client.Client`, whose tags would not be reached."""

RESERVED_MODULES = CLIENT_ATTRIBUTES | words(
    "async_client catalog client help models raw webhooks"
)
"""Names that a tag's module, and the client's property for it, must not have."""


def is_name(text: str) -> bool:
    """Return whether a text is a valid Python name."""
    return (
        text.isidentifier()
        and not keyword.iskeyword(text)
        and unicodedata.normalize("NFKC", text) == text
    )


def is_secret_name(wire: str) -> bool:
    """Return whether a parameter or member has a secret's name: `access_token`, `apiKey`."""
    return re.sub("[_-]", "", wire).lower() in SECRET_NAMES


def operation_name(operation_id: str, summary: str) -> str:
    """Return an operation's name: the id as it is, else the summary with underscores."""
    return operation_id or re.sub(" +", "_", summary.strip().lower())


def usable_name(text: str, prefix: str) -> str:
    """Return a valid Python name that is like a text: `list-data-sets` -> `list_data_sets`.

    `prefix` comes first where the text begins like no name.
    """
    name = unicodedata.normalize("NFKC", text)
    name = unicodedata.normalize("NFKC", re.sub(r"\W+", "_", name).strip("_"))
    if not is_name(name):
        # A keyword, a digit in front, or a character that begins no name.
        name = f"{name}_" if keyword.iskeyword(name) else f"{prefix.lower()}_{name}"
    name = name.rstrip("_") if is_name(name.rstrip("_")) else name
    return name if is_name(name) else prefix.lower()


def with_suffix(name: str, is_taken: Callable[[str], bool]) -> str:
    """Return the first of `name_2`, `name_3` and so on that is not taken."""
    number = 2
    while is_taken(f"{name}_{number}"):
        number += 1
    return f"{name}_{number}"


def free_name(name: str, taken: Container[str]) -> str:
    """Return the name, or one like it that is not taken."""
    return with_suffix(name, taken.__contains__) if name in taken else name


def module_name(tag: str) -> str:
    """Return the module of a tag: `Oauth Sessions` -> `oauth_sessions`."""
    return _snake(tag)


def class_name(text: str) -> str:
    """Return the class of an operation, a schema or a module: `glance_update` -> `GlanceUpdate`."""
    words = re.split(r"[\W_]+", unicodedata.normalize("NFKC", text))
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    name = unicodedata.normalize("NFKC", joined)
    if name and not name.isidentifier():
        name = f"Model{name}"
    return f"{name}_" if name in RESERVED_CLASSES or keyword.iskeyword(name) else name


def argument_name(wire: str, taken: frozenset[str]) -> str:
    """Return the Python name of a parameter or member: `start-index` -> `start_index`.

    A reserved name, of the owner or of Python, gets a trailing underscore.
    """
    name = _snake(wire)
    if name and not name.isidentifier():
        name = f"_{name}"
    if name in taken | ANNOTATION_WORDS | {"self"} or keyword.iskeyword(name):
        name = f"{name}_"
    return name


def options_name(arguments: Iterable[str]) -> str:
    """Return the name of the parameter for a call's options.

    Empty if an argument is called like an option: a method cannot have both, so the argument stays
    and the options are left to a client's `with_options`.
    """
    names = {*arguments}
    if names & CALL_OPTIONS:
        return ""
    name = "call_options" if "options" in names else "options"
    while name in names:
        name += "_"
    return name


def _snake(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    for word, whole in WHOLE_WORDS.items():
        text = text.replace(word, whole)
    text = re.sub(r"([^\W_A-Z])([A-Z])", r"\1_\2", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text)
    text = re.sub(r"\W+", "_", text)
    return unicodedata.normalize("NFKC", re.sub("_+", "_", text).strip("_").lower())
