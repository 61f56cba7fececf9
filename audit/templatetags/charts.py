"""Draws a histogram as SVG, and says in words what it shows."""

from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.search.histogram import Bar, Histogram

register = template.Library()

WIDTH, HEIGHT = 720, 74
ABOVE, BELOW, MARK = 41, 20, 12
"""Of the drawing, in its own units: the longest bar each way, and the room for marks over them."""
UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "min"))
MARKS = 5


@register.simple_tag
def draw(histogram: Histogram) -> SafeString:
    """`{% draw histogram %}`: allowed above a line, denied below at a scale of its own, events as marks on top."""
    wide, scales = WIDTH / len(histogram.bars), _Scales.of(histogram)
    bars = "".join(_bar(n * wide, wide, bar, scales) for n, bar in enumerate(histogram.bars))
    return format_html(
        '<svg viewBox="0 0 {0} {1}" preserveAspectRatio="none" role="img" aria-label="{2}">'
        '<path class="grid" d="M0 {3}.5H{0}"/>{4}<path class="axis" d="M0 {5}H{0}" stroke-width="1"/></svg>',
        WIDTH,
        HEIGHT,
        sentence(histogram),
        MARK,
        SafeString(bars),
        scales.axis,
    )


@register.filter
def larger(histogram: Histogram) -> bool:
    """Whether denied calls are drawn larger than allowed ones."""
    scales = _Scales.of(histogram)
    return bool(histogram.allowed and histogram.denied) and scales.down > scales.up


@register.filter
def sentence(histogram: Histogram) -> str:
    """What the drawing shows, for who cannot see it."""
    told = (
        f"Calls each {each(histogram.step)} from {moment(histogram.since)} to {moment(histogram.until)}, UTC. "
        f"{histogram.allowed:,} allowed, above the line; {histogram.denied:,} denied, below it"
    )
    worst = max(histogram.bars, key=lambda bar: bar.denied)
    if worst.denied:
        told += f", most between {moment(worst.begins)} and {moment(worst.ends)}"
    return f"{told}; {histogram.events:,} events."


@register.filter
def each(step: timedelta) -> str:
    """A bar's time in words, after "each": `20 min`, `hour`, `7 days`."""
    unit, word = next((unit, word) for unit, word in UNITS if step >= unit)
    number = step // unit
    return word if number == 1 and word != "min" else f"{number} {word}{'s' if word != 'min' else ''}"


@register.filter
def within_one(step: timedelta) -> str:
    """The same after "in": `20 min`, `an hour`, `7 days`."""
    return {"hour": "an hour", "day": "a day"}.get(each(step), each(step))


@register.filter
def moment(at: datetime) -> str:
    """A moment of UTC, short."""
    return f"{at:%-d %b %H:%M}"


@register.filter
def span(bar: Bar) -> str:
    """From when to when a bar goes."""
    same_day = bar.begins.date() == bar.ends.date()
    return (
        f"{moment(bar.begins)} to {bar.ends:%H:%M}"
        if same_day
        else f"{moment(bar.begins)} to {moment(bar.ends)}"
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
    places = [begins + (ends - begins) * n / (MARKS - 1) for n in range(MARKS)]
    days = ends - begins > timedelta(days=4)
    return [f"{place:%-d %b %Y}" if days else moment(place) for place in places]


@register.filter
def grouped(number: int) -> str:
    """`98214` as `98,214`."""
    return f"{number:,}"


class _Scales(NamedTuple):
    """Where the line is, and how long one call is above it and below."""

    axis: int
    up: float
    down: float

    @classmethod
    def of(cls, histogram: Histogram) -> "_Scales":
        """Where nothing was allowed, what was denied has the room."""
        allowed, denied = (
            max(getattr(bar, name) for bar in histogram.bars) for name in ("allowed", "denied")
        )
        if not allowed:
            return cls(MARK + 1, 0, (ABOVE + BELOW - 1) / max(denied, 1))
        return cls(MARK + ABOVE, ABOVE / allowed, BELOW / max(denied, allowed / 10))


def _bar(left: float, wide: float, bar: Bar, scales: _Scales) -> str:
    """One bar's rectangles. Whatever there is can be seen. Numbers need no escaping."""
    up, down = (
        max(n * scale, 1) if n else 0 for n, scale in ((bar.allowed, scales.up), (bar.denied, scales.down))
    )
    at, width = f'x="{left + wide * 0.1:.1f}"', f'width="{wide * 0.8:.1f}"'
    drawn = f'<rect class="yes" {at} y="{scales.axis - up:.1f}" {width} height="{up:.1f}"/>' if up else ""
    drawn += f'<rect class="no" {at} y="{scales.axis}" {width} height="{down:.1f}"/>' if down else ""
    middle = f'x="{left + wide / 2 - 2:.1f}"'
    return drawn + (f'<rect class="act" {middle} y="3" width="4" height="5"/>' if bar.events else "")
