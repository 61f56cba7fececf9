"""The small things every page repeats."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from core.clock import at
from portal.templatetags.look import chip, date, fours, pill, quota, short, spark, when

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "says"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=-40), "40 seconds ago"),
        (timedelta(minutes=-9), "9 min ago"),
        (timedelta(hours=-3, minutes=-5), "3 hours ago"),
        (timedelta(days=-5), "5 days ago"),
        (timedelta(days=6, hours=1), "in 6 days"),
    ],
)
def test_a_moment_is_told_by_how_far_it_is(span: timedelta, says: str) -> None:
    with at(NOON):
        assert f">{says}</time>" in when(NOON + span)


def test_a_relative_moment_carries_the_instant() -> None:
    assert 'datetime="2026-11-22T12:00:00Z" title="2026-11-22 12:00:00 UTC"' in when(NOON)


def test_no_moment_is_nothing() -> None:
    assert (when(None), date(None)) == ("", "")


def test_a_status_is_a_word_and_a_shape() -> None:
    assert pill("rotating", "Rotating to x") == '<span class="is rotating">Rotating to x</span>'


def test_a_prefix_shows_its_last_eight_in_full_ink_and_copies_whole() -> None:
    shown = chip("alter_key_app_x7Kd2mQp", "worker")
    assert 'data-copy="alter_key_app_x7Kd2mQp"' in shown
    assert 'aria-label="Copy prefix of worker: alter_key_app_x7Kd2mQp"' in shown
    assert "<b>x7Kd2mQp</b>" in shown


@pytest.mark.parametrize("tag", [lambda bad: pill("active", bad), lambda bad: chip("p" * 9, bad)])
def test_what_people_typed_is_escaped(tag: object) -> None:
    assert "<script>" not in tag("<script>")  # type: ignore[operator]


def test_a_spark_line_has_a_sentence_and_marks_refusals() -> None:
    line = spark([(0, 0)] * 6 + [(3, 1)], "Last 7 days: 4 calls, 1 refused")
    assert 'aria-label="Last 7 days: 4 calls, 1 refused"' in line
    assert line.count('class="no"') == 1


def test_a_spark_line_without_a_request_says_none() -> None:
    assert spark([(0, 0)] * 7, "Last 7 days: 0 requests") == (
        '<span class="quiet" title="Last 7 days: 0 requests">None</span>'
    )


def test_a_quota_over_its_ceiling_stays_inside_its_bar() -> None:
    assert 'width="100.00"' in quota(120, 0, 100)


def test_a_label_without_its_address() -> None:
    assert short("Someone <someone@example.com>") == "Someone"


def test_light_and_dark_differ_in_colours_alone() -> None:
    """Nothing is shown, hidden or moved in one of them: the browser's tests open each page once for both."""
    sheets = "".join(sheet.read_text() for sheet in settings.BASE_DIR.glob("portal/static/**/*.css"))
    assert "light-dark(" in sheets and "prefers-color-scheme" not in sheets
    matches = re.findall(r"\[data-theme[^{]*\{\s*([^}]*?)\s*\}", sheets)
    assert matches == ["color-scheme: light;", "color-scheme: dark;"]


def test_a_secret_is_grouped_in_fours() -> None:
    assert fours("JBSWY3DPEH") == ["JBSW", "Y3DP", "EH"]
