"""What JSON bodies share: strict objects, and times as the wire writes them (protocol.md section 1)."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    StringConstraints,
)

from core.durations import parse_instant
from core.errors import Invalid
from core.text import keepable
from keyformat.redaction import redact

AROUND = "Leave out the spaces around it: it is taken as it is sent."


class Asked(Schema):
    """A body that is sent to us: a name we do not know is a mistake, not a wish to pass over."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Asked):
    """A body that says nothing: `{}`, or none at all."""


class Told(Schema):
    """A body that we send."""


class Page(Told):
    """A part of a list, newest first."""

    total: int = Field(description="How many there are in all.")
    limit: int = Field(description="How many were asked for at once.")
    offset: int = Field(description="How many were passed over.")
    has_more: bool = Field(description="Whether there are more after these.")
    next_cursor: str | None = Field(description="Send it as cursor for what comes next. null: that was all.")


class Flaw(Told):
    """What is wrong with one value."""

    field: str = Field(description="Its name; of a list, with the place in it: scopes.0.")
    message: str = Field(description="What is wrong, in a sentence.")


class Error(Told):
    """Every "no": docs/errors.md lists the codes."""

    model_config = ConfigDict(extra="allow")

    error: str = Field(description="A code that never changes its meaning.")
    message: str = Field(description="What happened, in a sentence.")
    hint: str | None = Field(default=None, description="What to do about it.")
    fields: list[Flaw] | None = Field(default=None, description="Each value that cannot be taken.")


def _true_or_false(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _moment(value: Any) -> Any:
    try:
        return parse_instant(value if isinstance(value, str) else "", "")
    except Invalid as invalid:
        raise ValueError(invalid.why) from None


def _as_sent(text: str) -> str:
    """Raises ValueError for what would be kept otherwise than it was sent."""
    if text != text.strip():
        raise ValueError(AROUND)
    if redact(text) != text:
        raise ValueError("There is a key in it. Its secret belongs in a secret manager, never here.")
    if keepable(text, len(text)) != text:
        raise ValueError("Write it on one line, without control, invisible or broken characters.")
    return text


def _name_as_sent(text: str) -> str:
    if text != text.strip():
        raise ValueError(AROUND)
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("Send composed letters (Unicode NFC): it is taken as it is sent.")
    if text.split() != text.split(" ") and text:
        raise ValueError("Write single spaces between its words, and nothing else.")
    return text


def _item_as_sent(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError("It is empty. Leave it out." if not text else AROUND)
    return text


Flag = Annotated[StrictBool, BeforeValidator(_true_or_false)]
"""`true` or `false` in a query."""
Moment = Annotated[datetime, BeforeValidator(_moment)]
"""ISO 8601; UTC if it names no zone."""
Word = Annotated[StrictStr, StringConstraints(min_length=1, max_length=255)]
Text = Annotated[StrictStr, StringConstraints(max_length=1000), AfterValidator(_as_sent)]
"""One line of text, kept as it is sent, or refused."""
Sentence = Annotated[StrictStr, StringConstraints(max_length=500), AfterValidator(_as_sent)]
"""The same, as short as a reason or a description."""
Name = Annotated[StrictStr, StringConstraints(max_length=1000), AfterValidator(_name_as_sent)]
"""The same for what people call something."""
Label = Annotated[Text, AfterValidator(_name_as_sent)]
"""The same for what is called something in the portal alone: on one line, without characters that show nothing."""
Item = Annotated[StrictStr, StringConstraints(max_length=1000), AfterValidator(_item_as_sent)]
"""One of a list, which its own value language reads."""
Attribute = Annotated[StrictStr, StringConstraints(max_length=1000)]
"""What programs tell of themselves, with whatever is in it."""
Sought = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
"""A text to look for, from a query."""
