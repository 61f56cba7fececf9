"""Event (what was changed), Call (an API request) and Span (a step that a program reports).

All three hold ids and text and no foreign keys: they outlive what they describe.
"""

from django.db import models

from audit.models.macs import MacField
from audit.models.readable import Moment, Readable
from core.clock import now
from core.ids import new_id


class Recorded(Readable):
    """What an event and a call have in common, so that one timeline can show both."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = Moment(default=now)
    app_id = models.UUIDField(null=True)
    key_id = models.UUIDField(null=True)
    key_prefix = models.CharField(max_length=32, blank=True)
    key_name = models.CharField(max_length=100, blank=True)
    agent_id = models.UUIDField(null=True)
    agent_name = models.CharField(max_length=100, blank=True)
    via = models.CharField(max_length=10)
    ip = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    caller = models.CharField(max_length=255, blank=True, help_text="What the program calls itself.")
    caller_type = models.CharField(max_length=10, blank=True)
    caller_id = models.UUIDField(null=True, help_text="The id its label has in this app.")
    context = models.JSONField(default=dict, help_text="What it said it was doing.")
    trace_id = models.CharField(max_length=32, blank=True)
    mac = MacField(null=True, help_text="Made as the row is written, with a key outside the database.")

    class Meta:
        abstract = True


class Event(Recorded):
    """One act by one actor on one row, written in the transaction of the change."""

    action = models.CharField(max_length=50)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=200)
    target_kind = models.CharField(max_length=30)
    target_id = models.CharField(max_length=64)
    target_label = models.CharField(max_length=200)
    reason = models.CharField(max_length=500, blank=True)
    cause_id = models.UUIDField(null=True, help_text="The event that brought this one about.")
    changes = models.JSONField(default=dict, help_text="Field to [before, after].")
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = (
            models.Index(fields=["app_id", "at", "id"], name="event_app"),
            models.Index(fields=["key_id", "at", "id"], name="event_key"),
            models.Index(fields=["agent_id", "at", "id"], name="event_agent"),
            models.Index(fields=["target_id", "at"], name="event_target"),
            models.Index(fields=["cause_id"], name="event_cause"),
            models.Index(fields=["app_id", "action", "key_prefix", "key_name", "key_id"], name="event_names"),
        )

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.action} {self.target_label}"


class Call(Recorded):
    """One runtime request at the door or the SDK gate: allowed, or refused and why."""

    method = models.CharField(max_length=16)
    path = models.CharField(max_length=500)
    status = models.PositiveSmallIntegerField()
    allowed = models.BooleanField()
    code = models.CharField(max_length=50, blank=True, help_text="The error code; empty when allowed.")
    check_failed = models.CharField(
        max_length=30, blank=True, help_text="The step of the verdict that failed."
    )
    detail = models.CharField(max_length=300, blank=True)
    facts = models.JSONField(
        null=True, help_text="What the check that failed found, as data: `limit`, `missing`."
    )
    scopes = models.CharField(max_length=500, blank=True, help_text="What the caller had to hold.")
    took_us = models.PositiveIntegerField(default=0, help_text="Microseconds from arrival to the verdict.")

    class Meta:
        indexes = (
            models.Index(fields=["app_id", "at", "id"], name="call_app"),
            models.Index(fields=["key_id", "at", "id"], name="call_key"),
            models.Index(
                fields=["agent_id", "at", "id"],
                name="call_agent",
                condition=models.Q(agent_id__isnull=False),
            ),
            models.Index(
                fields=["caller_id", "at", "id"],
                name="call_caller",
                condition=models.Q(caller_id__isnull=False),
            ),
            models.Index(
                fields=["app_id", "at", "id"], name="call_refused", condition=models.Q(allowed=False)
            ),
            models.Index(
                fields=["app_id", "check_failed", "at", "id"],
                name="call_check",
                condition=models.Q(allowed=False),
            ),
        )

    @property
    def took(self) -> str:
        """How long the verdict took, in milliseconds."""
        return f"{self.took_us / 1000:.1f} ms"

    def __str__(self) -> str:
        return f"{self.key_prefix or 'unknown key'} {self.method} {self.path}: {self.status}"


class Span(models.Model):
    """A step that a program says it took (docs/sdk.md). Its word, not evidence; kept like calls."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(default=now)
    app_id = models.UUIDField()
    key_id = models.UUIDField()
    agent_id = models.UUIDField(null=True)
    caller_id = models.UUIDField(null=True)
    trace_id = models.CharField(max_length=255)
    span_id = models.CharField(max_length=32)
    parent_span_id = models.CharField(max_length=32, blank=True)
    name = models.CharField(max_length=255)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    attributes = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["app_id", "trace_id", "span_id"], name="one_span_of_a_trace"),
        )

    def __str__(self) -> str:
        return f"{self.name} of {self.trace_id}"
