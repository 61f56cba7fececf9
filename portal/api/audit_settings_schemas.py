"""The objects of the management API about the record as a whole: how long it is kept and where it is sent."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, StrictInt

from audit.forwarding.destinations import TEST
from audit.models import Delivery
from core.schemas import Asked, Label, Page, Sentence, Text, Told


class RetentionInfo(Told):
    """How long one kind of row is kept."""

    kind: Literal["event", "call", "span"] = Field(description="event: acts; call: calls; span: spans.")
    days: int | None = Field(description="For how many days. null: for ever.")
    min_days: int = Field(description="The fewest that may be said.")
    max_days: int = Field(description="The most that may be said.")


class Retentions(Told):
    """All three."""

    items: list[RetentionInfo] = Field(description="A line for each kind.")


class RetentionChange(Asked):
    """How long to keep rows of a kind from now on."""

    days: StrictInt | None = Field(description="min_days to max_days. null: for ever.")
    reason: Sentence = Field(default="", description="Why, for the log.")


class NewDestination(Asked):
    """Where sealed rows are to be sent."""

    name: Label = Field(description="What reads it, in 1 to 60 characters: siem.")
    url: Text = Field(description="https. It is sent signed JSON.")
    sends: Literal["everything", "acts", "calls", "refused"] = Field(
        default="everything", description="Which rows; refused: refused calls."
    )
    app_id: UUID | None = Field(
        default=None, description="Rows of this app alone. null: of every app, and of none."
    )


class DestinationInfo(Told):
    """A webhook that is told of sealed rows."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="What reads it.")
    url: str = Field(description="Where it listens.")
    sends: str = Field(description="everything, acts, calls or refused.")
    app_id: UUID | None = Field(description="Rows of this app alone. null: of every app, and of none.")
    state: str = Field(description="up to date, behind, failing, paused or ended.")
    behind: int = Field(description="Batches it has still to be told of, or to pass over.")
    dead_letters: int = Field(description="Deliveries that were given up.")
    last_delivered_at: datetime | None = Field(description="When the latest delivery arrived.")
    generation: int = Field(description="How many signing secrets it has had.")
    created_at: datetime = Field(description="Since when it is told.")
    paused_at: datetime | None = Field(description="Since when it is sent nothing. null: it is not paused.")


class DestinationPage(Page):
    """Some destinations."""

    items: list[DestinationInfo] = Field(description="Those that have not ended.")


class DestinationSecret(DestinationInfo):
    """A destination with a new signing secret."""

    secret: str | None = Field(
        repr=False, description="The signing secret, this once. null when a request is repeated."
    )


class DeliveryInfo(Told):
    """The rows of one checkpoint on their way to one destination."""

    id: UUID = Field(description="Its id, which the receiver gets as webhook-id.")
    destination_id: UUID = Field(description="Where it goes.")
    checkpoint: int = Field(description="The checkpoint whose rows it holds; 0 for a test.")
    is_test: bool = Field(description="Whether it is a test, without rows.")
    rows: int = Field(description="How many rows.")
    attempts: int = Field(description="How often it was tried.")
    created_at: datetime = Field(description="Since when it is under way.")
    next_try_at: datetime | None = Field(description="When it is tried next. null: not by itself.")
    last_status: int | None = Field(description="What the receiver last answered. null: nothing.")
    last_error: str = Field(description="What went wrong last.")
    delivered_at: datetime | None = Field(description="When it arrived.")
    given_up_at: datetime | None = Field(description="Since when it is a dead letter.")
    discarded_at: datetime | None = Field(description="When it was discarded.")

    @classmethod
    def from_model(cls, delivery: Delivery) -> Self:
        """`delivery` as the management API shows it."""
        values: dict[str, Any] = {name: getattr(delivery, name) for name in _SAME}
        return cls(is_test=delivery.checkpoint == TEST, **values)


_SAME = [name for name in DeliveryInfo.model_fields if name != "is_test"]


class DeliveryPage(Page):
    """Some deliveries."""

    items: list[DeliveryInfo] = Field(description="The deliveries.")


class DeliveriesCounted(Told):
    """How many it was done to."""

    deliveries: int = Field(description="Up to 500 at once: ask again while it is 500.")
