"""Draws a histogram as SVG, and says in words what it shows."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.histogram import Bar, Histogram

register = template.Library()

WIDTH, AXIS, ABOVE, BELOW = 720, 53, 41, 20
"""Of the drawing, in its own units: how wide, where its line is, and the longest bar each way."""
UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "min"))
MARKS = 5


@register.simple_tag
def draw(histogram: Histogram) -> SafeString:
    """`{% draw histogram %}`: allowed above the line, refused below at a scale of its own, acts as marks on top."""
    wide = WIDTH / len(histogram.bars)
    most = max(bar.allowed for bar in histogram.bars), max(bar.refused for bar in histogram.bars)
    bars = "".join(_bar(n * wide, wide, bar, *most) for n, bar in enumerate(histogram.bars))
    return format_html(
        '<svg viewBox="0 0 {0} 74" preserveAspectRatio="none" role="img" aria-label="{1}">'
        '<path class="grid" d="M0 12.5H{0}M0 32.5H{0}"/>{2}<path class="axis" d="M0 {3}H{0}" stroke-width="1"/></svg>',
        WIDTH,
        sentence(histogram),
        SafeString(bars),
        AXIS,
    )


@register.filter
def sentence(histogram: Histogram) -> str:
    """What the drawing shows, for who cannot see it."""
    told = (
        f"Calls each {each(histogram.step)} from {moment(histogram.since)} to {moment(histogram.until)}, UTC. "
        f"{histogram.allowed:,} allowed, above the line; {histogram.refused:,} refused, below it"
    )
    worst = max(histogram.bars, key=lambda bar: bar.refused)
    if worst.refused:
        told += f", most between {moment(worst.begins)} and {moment(worst.ends)}"
    return f"{told}; {histogram.acts:,} acts."


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


def _bar(left: float, wide: float, bar: Bar, most_allowed: int, most_refused: int) -> str:
    """One bar's rectangles. Whatever there is can be seen. Numbers need no escaping."""
    up = max(ABOVE * bar.allowed / most_allowed, 1) if bar.allowed else 0
    down = max(BELOW * bar.refused / max(most_refused, most_allowed / 10), 1) if bar.refused else 0
    at, width = f'x="{left + wide * 0.1:.1f}"', f'width="{wide * 0.8:.1f}"'
    drawn = f'<rect class="yes" {at} y="{AXIS - up:.1f}" {width} height="{up:.1f}"/>' if up else ""
    drawn += f'<rect class="no" {at} y="{AXIS}" {width} height="{down:.1f}"/>' if down else ""
    middle = f'x="{left + wide / 2 - 2:.1f}"'
    return drawn + (f'<rect class="act" {middle} y="2" width="4" height="5"/>' if bar.acts else "")
