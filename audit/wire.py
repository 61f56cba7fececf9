"""What JSON bodies share: strict objects, and times as the wire writes them (protocol.md section 1)."""

from datetime import UTC, datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, StrictStr, StringConstraints


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
    if not isinstance(value, str):
        raise ValueError("Write a moment such as 2027-02-20T14:32:00Z.")
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("Write a moment such as 2027-02-20T14:32:00Z.") from None


Flag = Annotated[StrictBool, BeforeValidator(_true_or_false)]
"""`true` or `false` in a query."""
Moment = Annotated[datetime, BeforeValidator(_moment)]
"""ISO 8601; UTC if it names no zone."""
Word = Annotated[StrictStr, StringConstraints(min_length=1, max_length=255)]
Text = Annotated[StrictStr, StringConstraints(max_length=1000)]
Sought = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
"""A text to look for, from a query."""
