"""What a person reads on the pages of the record: words, entries, links."""

import html
import re
from typing import Any

from django.test import Client
from django.urls import reverse

from audit.models import Call, Event


def text(response: Any) -> str:
    """What stands on a page, without its markup."""
    words = re.sub(r"<[^>]+>", "", response.content.decode())
    return " ".join(html.unescape(words).split())


def entries(response: Any) -> list[str]:
    """The ids of the entries on a page, from top to bottom."""
    return entries_in(response.content.decode())


def section(response: Any, heading: str) -> str:
    """The markup of the section with this heading, as far as the next one."""
    parts = re.split(r"<section|<aside", response.content.decode())
    return next((part for part in parts if re.search(rf">{re.escape(heading)}</h[234]>", part)), "")


def entries_in(markup: str) -> list[str]:
    """The ids of the entries in a piece of a page, from top to bottom."""
    return re.findall(r'class="entry"[^>]* href="/apps/[^/]+/audit/(?:events|calls)/([^/]+)/"', markup)


def link(response: Any, words: str) -> str:
    """Where the link that reads `words` leads."""
    match = re.search(rf'<a[^>]* href="([^"]*)"[^>]*>{re.escape(words)}</a>', response.content.decode())
    return html.unescape(match[1]) if match else ""


def event_page(client: Client, event: Event) -> Any:
    return client.get(reverse("audit-event", args=[event.app_id, event.id]))


def call_page(client: Client, call: Call) -> Any:
    return client.get(reverse("audit-call", args=[call.app_id, call.id]))
