"""The small things every page repeats: a status, a prefix, a moment, a spark line."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

from core.clock import now

register = template.Library()

WORDS = {"act": "Act", "inactive": "Suspended"}
SHAPES = {"inactive": "suspended"}
STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
SPARK_HEIGHT = 17
COUNTABLE = 50
"""More places than this are not told apart in a bar."""


@register.simple_tag
def pill(state: str, says: str = "") -> SafeString:
    """`{% pill "grace" "In grace until 24 Nov" %}`: a status as word, shape and colour."""
    shape, word = SHAPES.get(state, state), says or WORDS.get(state, state.capitalize())
    bare = " bare" if state in ("allowed", "refused", "act") else ""
    return format_html('<span class="is {}{}">{}</span>', shape, bare, word)


@register.simple_tag
def chip(prefix: str, name: str = "") -> SafeString:
    """`{% chip key.prefix key.name %}`: a prefix to copy, the part that differs in full ink."""
    return format_html(
        '<button type="button" class="chip" data-copy="{0}" aria-label="Copy prefix{1}: {0}">'
        "<span>{2}<wbr><b>{3}</b></span></button>",
        prefix,
        f" of {name}" if name else "",
        prefix[:-8],
        prefix[-8:],
    )


@register.simple_tag
def when(moment: datetime | None) -> SafeString:
    """`{% when key.created_at %}`: how long ago or ahead, with the instant itself for who asks."""
    return _time(moment, _relative(moment - now())) if moment else SafeString("")


@register.simple_tag
def date(moment: datetime | None) -> SafeString:
    """`{% date key.expires_at %}`: the instant itself."""
    return _time(moment, f"{moment.astimezone(UTC):%-d %b %Y, %H:%M} UTC") if moment else SafeString("")


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """`{% clock entry.at %}`: the time of day, under a heading that names the day."""
    return _time(moment, moment.astimezone(UTC).strftime("%H:%M:%S"))


@register.simple_tag
def instant(moment: datetime) -> SafeString:
    """`{% instant entry.at %}`: to the microsecond, as the record keeps it."""
    return _time(moment, f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC")


@register.simple_tag
def spark(days: Sequence[tuple[int, int]], label: str) -> SafeString:
    """`{% spark row.days row.calls %}`: calls a day, refused ones marked, as bars with a sentence."""
    most = max((allowed + refused for allowed, refused in days), default=0) or 1
    bars = SafeString("".join(_bar(12 * n, *day, most) for n, day in enumerate(days)))
    return format_html(
        '<svg class="spark" role="img" aria-label="{}" viewBox="0 0 84 20" width="84" height="20">'
        '<path class="base" d="M0 20.5H84" stroke="currentColor"/>{}</svg>',
        label,
        bars,
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """`{% icon "key" %}`: a Lucide icon beside a word; it says nothing by itself."""
    return SafeString(lucide(name, size=16, aria_hidden="true"))


@register.simple_tag
def quota(used: int, grace: int, total: int) -> SafeString:
    """`{% quota active in_grace allowed %}`: how full, as a bar with a sentence."""
    full = max(total, used + grace, 1)
    return format_html(
        '<svg class="quota" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
        'aria-label="{} active and {} in grace, of {} allowed"><rect class="free" width="100" height="10"/>'
        '<rect class="used" width="{}" height="10"/><rect class="grace" x="{}" width="{}" height="10"/>{}</svg>',
        used,
        grace,
        total,
        *(f"{100 * part / full:.2f}" for part in (used, used, grace)),
        _places(full),
    )


@register.filter
def of(values: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping has for a key, or nothing."""
    return values.get(key, ())


@register.filter
def fours(text: str) -> list[str]:
    """`text` in groups of four, for whoever types it. What is copied has no gaps: they are drawn, not written."""
    return [text[at : at + 4] for at in range(0, len(text), 4)]


@register.filter
def short(label: str) -> str:
    """`Name <address>` without the address."""
    return label.partition(" <")[0]


@register.filter
def as_notice(message: Message) -> dict[str, str]:
    """A waiting message as a notice: agents.requests.finished() puts the way back into its tags."""
    undo, _, value = message.extra_tags.partition(" ") if message.extra_tags else ("", "", "")
    return {"text": str(message.message), "undo": undo, "undo_value": value}


def _bar(x: int, allowed: int, refused: int, most: int) -> str:
    """One day: its calls, and over them in another colour those that were refused. Numbers need no escaping."""
    height, bad = (SPARK_HEIGHT * n / most for n in (allowed + refused, refused))
    calls = f'<rect x="{x}" y="{20 - height:.1f}" width="8" height="{height:.1f}" fill="currentColor"/>'
    marked = f'<rect class="no" x="{x}" y="{20 - bad:.1f}" width="8" height="{bad:.1f}"/>'
    return calls + marked if refused else calls if allowed else ""


def _places(full: int) -> SafeString:
    """A line between each two places of a quota, so that they can be counted."""
    between = range(1, full) if full <= COUNTABLE else ()
    lines = ((f"{100 * place / full:.2f}",) for place in between)
    return format_html_join("", '<path class="tick" d="M{} 0V10" stroke-width=".35"/>', lines)


def _time(moment: datetime, says: str) -> SafeString:
    utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        says,
    )


def _relative(span: timedelta) -> str:
    """`9 min ago`, `in 6 d`, `now`: the largest unit that fits, rounded down.

    What is to come is given a sixtieth of the unit: what was set to 90 days a moment ago is in 90 days.
    """
    seconds, is_to_come = int(abs(span).total_seconds()), span > timedelta(0)
    for size, unit in STEPS:
        number = (seconds + (size // 60 if is_to_come else 0)) // size
        if number:
            return f"in {number} {unit}" if is_to_come else f"{number} {unit} ago"
    return "now"
