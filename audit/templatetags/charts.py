"""Draws a histogram as SVG with a text alternative."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit.search.check_names import OUTCOME_NAMES
from audit.search.histogram import Bar, Histogram
from core.clock import now

register = template.Library()

BAR_WIDTH, PANEL_HEIGHTS = 10, {"allowed": 120, "denied": 48}
"""In the units of the drawing, which is stretched to the width there is."""
UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "min"))
MAX_LABELS = 5
LONG = timedelta(days=4)
"""Under a window longer than this stand days, not times."""


@register.simple_tag
def panel(histogram: Histogram, outcome: str) -> SafeString:
    """`{% panel histogram "denied" %}`: the requests of one outcome, with a true scale of its own beside them."""
    height, top = PANEL_HEIGHTS[outcome], scale_top(max(getattr(bar, outcome) for bar in histogram.bars))
    bars = (
        _bar(n, getattr(bar, outcome) * height / top, height, outcome, bar)
        for n, bar in enumerate(histogram.bars)
        if getattr(bar, outcome)
    )
    width = BAR_WIDTH * len(histogram.bars)
    return format_html(
        '<div class="y" aria-hidden="true"><span>{0}</span><span>{1}</span><span>0</span></div>'
        '<svg class="{2}" viewBox="0 0 {3} {4}" preserveAspectRatio="none" role="img" aria-label="{5}">'
        '<path class="grid" d="M0 .5H{3}M0 {6}H{3}"/>{7}<path class="axis" d="M0 {8}H{3}"/></svg>',
        short_number(top),
        short_number(top // 2),
        outcome,
        width,
        height,
        panel_sentence(histogram, outcome),
        height / 2,
        SafeString("".join(bars)),
        height - 0.5,
    )


@register.simple_tag
def event_lane(histogram: Histogram) -> SafeString:
    """`{% event_lane histogram %}`: a mark under each bar in whose time there were events."""
    marked = sum(1 for bar in histogram.bars if bar.events)
    marks = format_html_join(
        "", "<i{}></i>", ((SafeString(' class="on"' if bar.events else ""),) for bar in histogram.bars)
    )
    summary = f"{histogram.events:,} events, in {marked} of {len(histogram.bars)} bars"
    return format_html(
        '<div class="lane"><small class="quiet" aria-hidden="true">Events</small>'
        '<span role="img" aria-label="{}">{}</span></div>',
        summary,
        marks,
    )


@register.filter
def legend(histogram: Histogram) -> list[tuple[str, str, int]]:
    """What is drawn: each outcome there is, its name and how often."""
    numbers = {"allowed": histogram.allowed, "denied": histogram.denied, "event": histogram.events}
    names = {**OUTCOME_NAMES, "event": "Event" if histogram.events == 1 else "Events"}
    return [(outcome, names[outcome], number) for outcome, number in numbers.items() if number]


@register.filter
def open_bar(histogram: Histogram) -> bool:
    """Whether the last bar's time is not over."""
    return histogram.bars[-1].ends > now() and bool(histogram.bars[-1].calls)


def panel_sentence(histogram: Histogram, outcome: str) -> str:
    """What a panel shows, for who cannot see it."""
    most = max(histogram.bars, key=lambda bar: int(getattr(bar, outcome)))
    total = getattr(histogram, outcome)
    summary = f"{OUTCOME_NAMES[outcome]} requests for each {each(histogram.step)}: {total:,} in all"
    return (
        f"{summary}, most at {span(most)} with {getattr(most, outcome):,}."
        if getattr(most, outcome)
        else f"{summary}."
    )


def scale_top(most: int) -> int:
    """The smallest even round number that is not below `most`: 2, 4, 6, 8, 10, 20, 40 and so on."""
    unit = 1
    while most > 10 * unit:
        unit *= 10
    return next(unit * step for step in (2, 4, 6, 8, 10) if unit * step >= most)


def short_number(number: int) -> str:
    """`50000` as `50k`."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return str(number)


@register.filter
def each(step: timedelta) -> str:
    """A bar's time in words, after "each": `20 min`, `hour`, `7 days`."""
    unit, word = next((unit, word) for unit, word in UNITS if step >= unit)
    number = step // unit
    return word if number == 1 and word != "min" else f"{number} {word}{'s' if word != 'min' else ''}"


@register.filter
def moment(at: datetime) -> str:
    """A moment in the reader's time zone, short."""
    return f"{timezone.localtime(at):%-d %b, %H:%M}"


@register.filter
def span(bar: Bar) -> str:
    """From when to when a bar goes; of whole days the dates."""
    begins, ends = timezone.localtime(bar.begins), timezone.localtime(bar.ends)
    if begins.time() == ends.time() == datetime.min.time():
        last = ends - timedelta(days=1)
        return f"{begins:%-d %b}" if last == begins else f"{begins:%-d %b} to {last:%-d %b}"
    return (
        f"{moment(begins)} to {ends:%H:%M}"
        if begins.date() == ends.date()
        else f"{moment(begins)} to {moment(ends)}"
    )


@register.filter
def as_filters(bar: Bar) -> str:
    """A bar's time as the log's filters: `range=custom&since=…&until=…`."""
    begins, ends = (f"{at:%Y-%m-%d %H:%M}" for at in (bar.begins, bar.ends))
    return urlencode({"range": "custom", "since": begins, "until": ends})


@register.filter
def scale(histogram: Histogram) -> list[str]:
    """What is written under the drawing, from its left end to its right."""
    begins, ends = histogram.bars[0].begins, histogram.bars[-1].ends
    positions = [begins + (ends - begins) * n / (MAX_LABELS - 1) for n in range(MAX_LABELS)]
    days = ends - begins > LONG
    return [f"{timezone.localtime(at):%-d %b %Y}" if days else moment(at) for at in positions]


@register.filter
def grouped(number: int) -> str:
    """`98214` as `98,214`."""
    return f"{number:,}"


def _bar(index: int, tall: float, height: int, outcome: str, bar: Bar) -> str:
    """One bar. Whatever there is can be seen. Numbers and names of outcomes need no escaping."""
    tall, kind = max(tall, 1), f"{outcome} open" if bar.ends > now() else outcome
    shape = f'x="{BAR_WIDTH * index + 1}" y="{height - tall:.1f}" width="{BAR_WIDTH - 2}" height="{tall:.1f}"'
    return (
        f'<rect class="{kind}" {shape}><title>{span(bar)}: {getattr(bar, outcome):,} {outcome}</title></rect>'
    )
