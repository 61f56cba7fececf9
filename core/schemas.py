"""The base of JSON schemas: strict requests, pages, errors, and text types."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Self, get_args

from ninja import Schema
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StrictBool,
    StrictStr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ErrorType

from core.choices import nearest
from core.durations import parse_instant
from core.errors import Invalid
from core.text import sanitize
from keyformat.redaction import redact

KNOWN_ERRORS = frozenset(get_args(ErrorType))
SPACES_AROUND = "Remove the spaces at the start and end."


class RequestSchema(Schema):
    """The body of a request. An unknown field is an error, and the message suggests the nearest known one."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _suggest_fields(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(values)
        except ValidationError as error:
            details = [cls._with_suggestion(detail) for detail in error.errors()]
            raise ValidationError.from_exception_data(cls.__name__, details) from None

    @classmethod
    def _with_suggestion(cls, detail: Any) -> Any:
        if detail["type"] not in KNOWN_ERRORS:  # raised by a validator, or by an object within this one
            return detail | {"type": PydanticCustomError(detail["type"], detail["msg"])}
        if detail["type"] != "extra_forbidden":
            return detail
        near = nearest(str(detail["loc"][-1]), cls.model_fields)
        suggestion = f" Did you mean “{near}”?" if near else ""
        return detail | {"type": PydanticCustomError("unknown_field", f"Unknown field.{suggestion}")}


class EmptyRequest(RequestSchema):
    """An empty body: `{}`, or none at all."""


class ResponseSchema(Schema):
    """The body of a response."""


class Page(ResponseSchema):
    """A page of a list, newest first."""

    total: int = Field(description="The total number of items.")
    limit: int = Field(description="The page size that was requested.")
    offset: int = Field(description="How many items were skipped.")
    has_more: bool = Field(description="Whether more items follow.")
    next_cursor: str | None = Field(
        description="Send it as cursor to get the next page. null: this is the last page."
    )


class FieldError(ResponseSchema):
    """An error in one field."""

    field: str = Field(description="The field's name. For an item of a list, with its index: scopes.0.")
    message: str = Field(description="What is wrong.")


class Error(ResponseSchema):
    """An error. docs/errors.md lists the codes."""

    model_config = ConfigDict(extra="allow")

    error: str = Field(description="A permanent code.")
    message: str = Field(description="What happened.")
    hint: str | None = Field(default=None, description="How to fix it.")
    fields: list[FieldError] | None = Field(default=None, description="Each invalid field.")


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
        raise ValueError(SPACES_AROUND)
    if redact(text) != text:
        raise ValueError("This contains an API key or token. Keep secrets in a secret manager.")
    if sanitize(text, len(text)) != text:
        raise ValueError("Write one line, without control or invisible characters.")
    return text


def _name_as_sent(text: str) -> str:
    if text != text.strip():
        raise ValueError(SPACES_AROUND)
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("Send composed characters (Unicode NFC).")
    if text.split() != text.split(" ") and text:
        raise ValueError("Separate words with single spaces.")
    return text


def _item_as_sent(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError("This is empty. Omit it." if not text else SPACES_AROUND)
    return text


Flag = Annotated[StrictBool, BeforeValidator(_true_or_false)]
"""`true` or `false` in a query."""
Moment = Annotated[datetime, BeforeValidator(_moment)]
"""ISO 8601; UTC if it names no zone."""
Word = Annotated[StrictStr, StringConstraints(min_length=1, max_length=255)]
Text = Annotated[StrictStr, StringConstraints(max_length=1000), AfterValidator(_as_sent)]
"""One line of text, stored as it is sent."""
Sentence = Annotated[StrictStr, StringConstraints(max_length=500), AfterValidator(_as_sent)]
"""The same, for a reason or a description."""
Name = Annotated[StrictStr, StringConstraints(max_length=1000), AfterValidator(_name_as_sent)]
"""A name."""
Label = Annotated[Text, AfterValidator(_name_as_sent)]
"""A name on one line, without invisible characters."""
Item = Annotated[StrictStr, StringConstraints(max_length=1000), AfterValidator(_item_as_sent)]
"""An item of a list, which its own parser reads."""
Attribute = Annotated[StrictStr, StringConstraints(max_length=1000)]
"""An attribute of a span, with any content."""
SearchText = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
"""A search text of a query."""
