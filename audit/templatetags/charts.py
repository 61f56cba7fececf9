"""Draws requests over time, each outcome in a panel of its own with a scale that is written beside it."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.search.histogram import Bar, Histogram
from audit.templatetags.charts import each, moment

register = template.Library()
BAR, GAP = 10, 2
"""Width of a bar with its gap, and of the gap."""
STEPS = (1, 2, 3, 5, 10)


@register.simple_tag
def panel(histogram: Histogram, outcome: str, height: int = 120) -> SafeString:
    """`{% panel histogram "denied" 48 %}`: the bars of `allowed` or `denied`, and the scale to their left."""
    top = scale_top(max((_number(bar, outcome) for bar in histogram.bars), default=0))
    width = BAR * len(histogram.bars)
    return format_html(
        '<div class="y" aria-hidden="true"><span>{0}</span><span>0</span></div>'
        '<svg class="{1}" viewBox="0 0 {2} {3}" preserveAspectRatio="none" role="img" aria-label="{4}">'
        '<path class="grid" d="M0 0.5H{2}"/>{5}<path class="axis" d="M0 {6}H{2}"/></svg>',
        _short(top),
        outcome,
        width,
        height,
        describe_panel(histogram, outcome),
        _bars(histogram, outcome, top, height),
        height - 0.5,
    )


def scale_top(most: int) -> int:
    """The end of a scale that holds `most`: 1, 2, 3, 5 or 10 times a power of ten."""
    power = 10 ** (len(str(max(most, 1))) - 1)
    return next(step * power for step in STEPS if step * power >= most)


def describe_panel(histogram: Histogram, outcome: str) -> str:
    """What the bars show, for those who cannot see them."""
    peak = max(histogram.bars, key=lambda bar: _number(bar, outcome))
    total = sum(_number(bar, outcome) for bar in histogram.bars)
    text = f"{outcome.capitalize()} requests per {each(histogram.step)}: {total:,} in total"
    if not total:
        return text
    return f"{text}, most from {moment(peak.begins)} to {moment(peak.ends)} UTC: {_number(peak, outcome):,}"


def _bars(histogram: Histogram, outcome: str, top: int, height: int) -> SafeString:
    """A rectangle for each bar that has anything. Numbers need no escaping."""
    drawn = []
    for place, bar in enumerate(histogram.bars):
        if number := _number(bar, outcome):
            tall = max(height * number / top, 1)
            now = " open" if bar.ends > histogram.until else ""
            drawn.append(
                f'<rect class="bar{now}" x="{BAR * place + GAP / 2}" y="{height - tall:.1f}" width="{BAR - GAP}" '
                f'height="{tall:.1f}"/>'
            )
    return SafeString("".join(drawn))


def _number(bar: Bar, outcome: str) -> int:
    return bar.denied if outcome == "denied" else bar.allowed


def _short(number: int) -> str:
    """`100000` as `100k`."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return str(number)
