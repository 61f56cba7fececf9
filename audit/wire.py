"""What JSON bodies share: strict objects, and times as the wire writes them (protocol.md section 1)."""

from datetime import UTC, datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, StrictBool, StrictInt, StrictStr, StringConstraints


class Asked(Schema):
    """A body that is sent to us: a name we do not know is a mistake, not a wish to pass over."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Asked):
    """A body that says nothing: `{}`, or none at all."""


class Told(Schema):
    """A body that we send."""


class Flaw(Told):
    """What is wrong with one value."""

    field: str
    message: str


class Error(Told):
    """Every "no": docs/errors.md lists the codes."""

    model_config = ConfigDict(extra="allow")

    error: str
    message: str
    hint: str | None = None
    fields: list[Flaw] | None = None


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
Count = StrictInt
