"""The objects of the management API for retention, webhooks and deliveries."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, StrictInt

from audit.forwarding.destinations import TEST
from audit.models import Delivery
from core.schemas import Label, Page, RequestSchema, ResponseSchema, Sentence, Text


class RetentionInfo(ResponseSchema):
    """The retention period of one kind of row."""

    kind: Literal["event", "call", "span"] = Field(description="event: acts; call: calls; span: spans.")
    days: int | None = Field(description="Days. null: kept indefinitely.")
    min_days: int = Field(description="The shortest period allowed.")
    max_days: int = Field(description="The longest period allowed.")


class RetentionList(ResponseSchema):
    """The retention periods of all kinds."""

    items: list[RetentionInfo] = Field(description="One for each kind.")


class RetentionUpdateRequest(RequestSchema):
    """A new retention period."""

    days: StrictInt | None = Field(description="min_days to max_days. null: keep indefinitely.")
    reason: Sentence = Field(default="", description="The reason, saved to the audit log.")


class WebhookCreateRequest(RequestSchema):
    """A new webhook."""

    name: Label = Field(description="A name of 1 to 60 characters: siem.")
    url: Text = Field(description="An https URL. It receives signed JSON.")
    sends: Literal["everything", "events", "calls", "denied"] = Field(
        default="everything", description="Which rows. denied: denied requests."
    )
    app_id: UUID | None = Field(
        default=None, description="Entries of this app only. null: all apps and portal-wide events."
    )


class WebhookInfo(ResponseSchema):
    """A webhook that receives audit log entries."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="Its name.")
    url: str = Field(description="Its URL.")
    sends: str = Field(description="everything, events, calls or denied.")
    app_id: UUID | None = Field(
        description="Entries of this app only. null: all apps and portal-wide events."
    )
    state: str = Field(description="up to date, pending, failing, paused or deleted.")
    pending_batches: int = Field(description="Batches that are to be sent or skipped.")
    failed_deliveries: int = Field(description="Number of failed deliveries.")
    last_delivered_at: datetime | None = Field(
        description="When the latest delivery succeeded. null: none yet."
    )
    generation: int = Field(description="The version of its signing secret.")
    created_at: datetime = Field(description="When it was created.")
    paused_at: datetime | None = Field(description="When it was paused. null: not paused.")


class WebhookPage(Page):
    """A page of webhooks."""

    items: list[WebhookInfo] = Field(description="The webhooks.")


class WebhookSecret(WebhookInfo):
    """A webhook with a new signing secret."""

    secret: str | None = Field(
        repr=False, description="The signing secret, shown once. null in the response to a repeated request."
    )


class DeliveryInfo(ResponseSchema):
    """One delivery: the entries of one checkpoint for one webhook."""

    id: UUID = Field(description="Its id, sent to the receiver as webhook-id.")
    webhook_id: UUID = Field(description="The webhook.")
    checkpoint: int = Field(description="The checkpoint of its entries; 0 for a test.")
    is_test: bool = Field(description="Whether it is a test without entries.")
    rows: int = Field(description="Number of entries.")
    attempts: int = Field(description="Number of attempts.")
    created_at: datetime = Field(description="When it was created.")
    next_try_at: datetime | None = Field(description="When it is retried. null: no automatic retry.")
    last_status: int | None = Field(description="The last HTTP status of the receiver. null: no response.")
    last_error: str = Field(description="The last error.")
    delivered_at: datetime | None = Field(description="When it succeeded.")
    given_up_at: datetime | None = Field(description="When it failed for good.")
    discarded_at: datetime | None = Field(description="When it was discarded.")

    @classmethod
    def from_model(cls, delivery: Delivery) -> Self:
        """`delivery` as the management API shows it."""
        values: dict[str, Any] = {name: getattr(delivery, name) for name in _SAME}
        return cls(is_test=delivery.checkpoint == TEST, **values)


_SAME = [name for name in DeliveryInfo.model_fields if name != "is_test"]


class DeliveryPage(Page):
    """A page of deliveries."""

    items: list[DeliveryInfo] = Field(description="The deliveries.")


class DeliveryCount(ResponseSchema):
    """The number of deliveries that were changed."""

    deliveries: int = Field(description="Up to 500 at once: repeat while it is 500.")
