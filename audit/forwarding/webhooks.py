"""The body, the signature and the sending of a webhook delivery (Standard Webhooks, version 1).

A webhook's secret is derived from a pepper, its id and its generation. It is shown when it is made and is not
stored; whoever has only the database cannot sign in the portal's name.
"""

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from audit.forwarding.reader import StreamFilter, batch, entries
from audit.models import Delivery, Webhook
from core.http_client import Answer, post
from core.text import json_line

AGENT = "alter-portal"
START = "whsec_"


@dataclass(frozen=True, slots=True)
class Secret:
    """A webhook and its signing secret, which whoever receives this shows once or drops."""

    webhook: Webhook
    text: str = field(repr=False)


class Gone(Exception):
    """The rows of a delivery have been purged: there is nothing to send any more."""


def secret(webhook: Webhook) -> str:
    """The secret in force, as receivers are given it: `whsec_` and base64 of 32 bytes."""
    return START + base64.b64encode(_key(webhook)).decode()


def stream_filter(webhook: Webhook) -> StreamFilter:
    """Which rows it receives."""
    sends = Webhook.Sends
    kinds = {sends.EVENTS: "event", sends.CALLS: "call", sends.DENIED: "call"}
    return StreamFilter(webhook.app_id, kinds.get(sends(webhook.sends), ""), webhook.sends == sends.DENIED)


def send(webhook: Webhook, delivery: Delivery, at: datetime) -> Answer:
    """Post one delivery; return what it was answered. Raises UnreachableHost, Gone."""
    body = _body(webhook, delivery)
    return post(webhook.url, _headers(webhook, delivery.id, body, at), body)


def _headers(webhook: Webhook, delivery_id: UUID, body: bytes, at: datetime) -> dict[str, str]:
    seconds = str(int(at.timestamp()))
    signed = b".".join((str(delivery_id).encode(), seconds.encode(), body))
    signature = base64.b64encode(hmac.digest(_key(webhook), signed, "sha256")).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "webhook-id": str(delivery_id),
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{signature}",
    }


def _body(webhook: Webhook, delivery: Delivery) -> bytes:
    if delivery.checkpoint == 0:
        return _json({"type": "audit.test", "items": []})
    checkpoint = batch(delivery.checkpoint)
    items = list(entries(checkpoint, stream_filter(webhook))) if checkpoint else []
    if checkpoint is None or not items:
        raise Gone
    first = items[0]
    data = {
        "type": "audit.entries",
        "app_id": first.get("app_id"),
        "kind": checkpoint.kind,
        "checkpoint": checkpoint.number,
        "items": items,
    }
    return _json(data)


def _json(data: dict[str, Any]) -> bytes:
    return json_line(data).encode()


def _key(webhook: Webhook) -> bytes:
    info = b"webhook" + webhook.id.bytes + webhook.generation.to_bytes(4, "big")
    return hmac.digest(settings.PEPPERS[webhook.pepper], info, "sha256")
