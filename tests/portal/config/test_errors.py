"""One way in which a setting that cannot be read says no."""

import pytest

from portal.config.errors import Reading, WrongSetting


def test_a_setting_that_cannot_be_read_says_its_sentence_and_repeats_nothing() -> None:
    with pytest.raises(WrongSetting) as refused, Reading("PORTAL_X: write a number."):
        int("secret")
    assert str(refused.value) == "PORTAL_X: write a number."
    assert refused.value.__suppress_context__, "what was given is in no traceback"


def test_without_a_sentence_the_readers_own_words_are_said() -> None:
    with pytest.raises(WrongSetting, match="write https"), Reading():
        raise ValueError("write https")


def test_any_other_error_is_left_as_it_is() -> None:
    with pytest.raises(KeyError), Reading("x"):
        raise KeyError
