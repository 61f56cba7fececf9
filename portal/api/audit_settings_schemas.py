"""The schemas of the management API for the settings of the audit log: retention, webhooks and deliveries."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, StrictInt

from audit.forwarding.destinations import TEST
from audit.models import Delivery
from core.schemas import Label, Page, RequestSchema, ResponseSchema, Sentence, Text


class RetentionInfo(ResponseSchema):
    """The retention of one kind of entry."""

    kind: Literal["event", "call", "span"] = Field(description="event, call (requests) or span (traces).")
    days: int | None = Field(description="Days until entries are deleted. null: kept indefinitely.")
    min_days: int = Field(description="The shortest retention allowed.")
    max_days: int = Field(description="The longest retention allowed.")


class RetentionList(ResponseSchema):
    """The retention of every kind of entry."""

    items: list[RetentionInfo] = Field(description="One item for each kind.")


class RetentionUpdateRequest(RequestSchema):
    """A new retention."""

    days: StrictInt | None = Field(description="min_days to max_days. null: keep indefinitely.")
    reason: Sentence = Field(default="", description="The reason, saved to the audit log.")


class WebhookCreateRequest(RequestSchema):
    """A webhook to create."""

    name: Label = Field(description="1 to 60 characters, such as siem.")
    url: Text = Field(description="The https URL that receives signed JSON.")
    sends: Literal["everything", "events", "calls", "denied"] = Field(
        default="everything", description="Which entries to send. calls: requests; denied: denied requests."
    )
    app_id: UUID | None = Field(
        default=None, description="Send entries of this app only. null: all apps and portal-wide events."
    )


class WebhookInfo(ResponseSchema):
    """A webhook that receives audit log entries."""

    id: UUID = Field(description="The webhook's id.")
    name: str = Field(description="The webhook's name.")
    url: str = Field(description="The URL that receives the entries.")
    sends: str = Field(description="Which entries are sent: everything, events, calls (requests) or denied.")
    app_id: UUID | None = Field(
        description="Entries of this app only. null: all apps and portal-wide events."
    )
    state: str = Field(description="up to date, pending, failing, paused or deleted.")
    pending_batches: int = Field(description="How many batches are waiting to be sent.")
    failed_deliveries: int = Field(description="How many deliveries failed for 24 hours and are not retried.")
    last_delivered_at: datetime | None = Field(description="When the last delivery succeeded.")
    secret_version: int = Field(description="The version of the signing secret, from 1.")
    created_at: datetime = Field(description="When the webhook was created.")
    paused_at: datetime | None = Field(description="When the webhook was paused. null: not paused.")


class WebhookPage(Page):
    """A page of webhooks."""

    items: list[WebhookInfo] = Field(description="The webhooks, without deleted ones.")


class WebhookSecret(WebhookInfo):
    """A webhook with a new signing secret."""

    secret: str | None = Field(
        repr=False, description="The signing secret. Shown once: null when the request is repeated."
    )


class DeliveryInfo(ResponseSchema):
    """A delivery: the entries of one checkpoint sent to one webhook."""

    id: UUID = Field(description="The delivery's id, sent as the webhook-id header.")
    webhook_id: UUID = Field(description="The webhook.")
    checkpoint: int = Field(description="The checkpoint whose entries are sent. 0: a test.")
    is_test: bool = Field(description="Whether it is a test, without entries.")
    rows: int = Field(description="How many entries are sent.")
    attempts: int = Field(description="How many attempts were made.")
    created_at: datetime = Field(description="When the delivery was created.")
    next_attempt_at: datetime | None = Field(description="When it is retried. null: not automatically.")
    last_status: int | None = Field(description="The last response status. null: no response.")
    last_error: str = Field(description="The last error.")
    delivered_at: datetime | None = Field(description="When the delivery succeeded.")
    failed_at: datetime | None = Field(description="When the delivery failed permanently.")
    discarded_at: datetime | None = Field(description="When the delivery was discarded.")

    @classmethod
    def from_model(cls, delivery: Delivery) -> Self:
        """`delivery` as the management API shows it."""
        return cls(
            id=delivery.id,
            webhook_id=delivery.webhook_id,
            checkpoint=delivery.checkpoint,
            is_test=delivery.checkpoint == TEST,
            rows=delivery.rows,
            attempts=delivery.attempts,
            created_at=delivery.created_at,
            next_attempt_at=delivery.next_try_at,
            last_status=delivery.last_status,
            last_error=delivery.last_error,
            delivered_at=delivery.delivered_at,
            failed_at=delivery.given_up_at,
            discarded_at=delivery.discarded_at,
        )


class DeliveryPage(Page):
    """A page of deliveries."""

    items: list[DeliveryInfo] = Field(description="The deliveries.")


class DeliveryCount(ResponseSchema):
    """The number of deliveries that were changed."""

    deliveries: int = Field(description="How many were changed: at most 500, the oldest first.")
