"""The small things every page repeats: a status, a prefix, a moment, a spark line."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

from audit.time_words import duration_words, relative_words
from core.clock import now

register = template.Library()

WORDS = {"inactive": "Suspended"}
SHAPES = {"inactive": "suspended"}
SPARK_HEIGHT = 17
COUNTABLE = 50
"""More places than this are not told apart in a bar."""


@register.simple_tag
def pill(state: str, says: str = "") -> SafeString:
    """`{% pill "rotating" "Rotating to 8jrwNXws" %}`: a status as word, shape and colour."""
    shape, word = SHAPES.get(state, state), says or WORDS.get(state, state.capitalize())
    bare = " bare" if state in ("allowed", "refused", "denied", "event", "act") else ""
    return format_html('<span class="is {}{}">{}</span>', shape, bare, word)


@register.simple_tag
def chip(prefix: str, name: str = "") -> SafeString:
    """`{% chip key.prefix key.name %}`: a prefix to copy, the part that differs in full ink."""
    return copy(prefix, f"prefix of {name}" if name else "prefix", end=8)


@register.simple_tag
def copy(value: Any, what: str, end: int = 0) -> SafeString:
    """`{% copy key.id "key ID" %}`: a value with a Copy button; the last `end` characters in full ink.

    Without scripts there is no button, and a click on the value selects all of it.
    """
    text = str(value)
    head, tail = (text[:-end], text[-end:]) if end else ("", text)
    return format_html(
        '<span class="copy"><code translate="no">{}<b>{}</b></code>{}</span>',
        head,
        tail,
        copy_button(text, what),
    )


@register.simple_tag
def copy_block(text: str, what: str) -> SafeString:
    """`{% copy_block command "command" %}`: lines of code with a Copy button."""
    return format_html('<div class="copy-block"><pre>{}</pre>{}</div>', text, copy_button(text, what))


@register.simple_tag
def when(moment: datetime | None) -> SafeString:
    """`{% when key.created_at %}`: how long ago or ahead, with the instant itself for who asks."""
    return _time(moment, relative_words(moment - now())) if moment else SafeString("")


@register.filter
def duration(span: timedelta | float | None) -> str:
    """`{{ key.lifetime|duration }}`: a span, or a number of seconds, in words: `90 days`, `21 min`, `1 hour`."""
    if span is None:
        return ""
    return duration_words(span if isinstance(span, timedelta) else timedelta(seconds=span))


@register.simple_tag
def date(moment: datetime | None) -> SafeString:
    """`{% date key.expires_at %}`: the instant itself."""
    return _time(moment, f"{timezone.localtime(moment):%-d %b %Y, %H:%M %Z}") if moment else SafeString("")


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """`{% clock entry.at %}`: the time of day, under a heading that names the day."""
    return _time(moment, timezone.localtime(moment).strftime("%H:%M:%S"))


@register.simple_tag
def instant(moment: datetime) -> SafeString:
    """`{% instant entry.at %}`: to the microsecond, as the record keeps it."""
    return _time(moment, f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S.%f %Z}")


@register.simple_tag
def spark(days: Sequence[tuple[int, int]], label: str) -> SafeString:
    """`{% spark row.days row.calls %}`: calls a day, refused ones marked, as bars with a sentence; None without any."""
    most = max((allowed + refused for allowed, refused in days), default=0)
    if not most:
        return format_html('<span class="quiet" title="{}">None</span>', label)
    bars = SafeString("".join(_bar(12 * n, *day, most) for n, day in enumerate(days)))
    return format_html(
        '<svg class="spark" role="img" aria-label="{}" viewBox="0 0 84 20" width="84" height="20">'
        '<path class="base" d="M0 20.5H84" stroke="currentColor"/>{}</svg>',
        label,
        bars,
    )


@register.filter
def heading(sentence: str) -> str:
    """`{{ refusal.message|heading }}`: one sentence as a heading, without its full stop; several stay as they are."""
    one = sentence.removesuffix(".")
    return sentence if ". " in one else one


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


def _time(moment: datetime, text: str) -> SafeString:
    utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        text,
    )


def copy_button(text: str, what: str) -> SafeString:
    """Return the button that copies `text`; scripts show it."""
    return format_html(
        '<button type="button" class="plain" data-copy="{}" aria-label="Copy {}: {}" title="Copy" hidden>{}</button>',
        text,
        what,
        text if len(text) <= 80 and "\n" not in text else "all lines",
        icon("copy"),
    )
