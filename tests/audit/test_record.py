"""Values of an event and the verdict on a call, as a page shows them."""

from typing import Any

import pytest

from audit.models import Call
from audit.templatetags.log_entries import STEPS, breakable, ended, listed, said, steps, words
from keys.admission.verdict import CHECKS


def marks(**columns: Any) -> list[str]:
    """How each step came out, in order."""
    return [how for _, _, how in steps(Call(**columns))]


def test_the_steps_are_those_of_the_verdict() -> None:
    assert list(STEPS) == [name for name, _ in CHECKS]


def test_an_allowed_call_passed_every_step() -> None:
    assert set(marks(allowed=True)) == {"yes"}


@pytest.mark.parametrize("failed", STEPS)
def test_a_refused_call_passed_what_stands_before_its_failure(failed: str) -> None:
    at = list(STEPS).index(failed)
    later = len(STEPS) - at - 1
    assert marks(allowed=False, check_failed=failed) == ["yes"] * at + ["no"] + ["later"] * later


def test_a_call_refused_what_it_asked_for_passed_every_step() -> None:
    assert marks(allowed=False, check_failed="act") == ["yes"] * len(STEPS)


def test_a_question_that_could_not_be_taken_went_through_no_steps() -> None:
    assert marks(allowed=False, check_failed="question") == []


@pytest.mark.parametrize(("value", "items"), [(["a", "b"], ["a", "b"]), ("a", ["a"]), (0, [0]), ([], [])])
def test_every_value_can_be_listed(value: object, items: list[object]) -> None:
    assert listed(value) == items


def test_what_has_names_is_a_line_for_each_and_nothing_of_it_is_none() -> None:
    assert listed({"outcome": "denied", "app": None}) == ["outcome: denied", "app: None"]
    assert listed({}) == []


def test_a_finding_ends_with_one_full_stop() -> None:
    assert {ended(text) for text in ("a key was sent", "a key was sent.", "a key was sent. ")} == {
        "a key was sent."
    }


def test_acts_at_the_shell_alone_and_on_what_a_name_does_not_tell_are_sentences() -> None:
    assert said("gateway.create") == "created gateway"
    assert said("access-token.issue") == "minted access token"
    assert said("member.join") == "added member"


def test_a_column_is_named_in_words() -> None:
    assert words("grace_ends_at") == "Grace ends at"


def test_a_long_word_may_be_broken() -> None:
    assert breakable("in " + "x" * 26) == "in xxxxxxxx<wbr>xxxxxxxx<wbr>xxxxxxxx<wbr>xx"


@pytest.mark.parametrize("text", ["settlement-worker-prod", "203.0.113.7 is in none of 192.0.2.0/24", ""])
def test_words_that_fit_are_left_whole(text: str) -> None:
    assert breakable(text) == text


def test_breaking_a_word_escapes_it() -> None:
    assert "<script>" not in breakable("<script>" * 8)


def test_a_nul_makes_no_break() -> None:
    assert breakable("a\0b") == "ab"


def test_an_action_is_told_in_the_past_tense() -> None:
    assert said("audit.export") == "exported"


def test_an_action_that_is_no_longer_declared_goes_by_its_name() -> None:
    assert said("key.polish") == "performed key.polish on"
