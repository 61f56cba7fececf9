"""The fields that the command knows of a response are those of the API's own description."""

import pytest

from tools import response_fields

pytestmark = pytest.mark.one_engine


def test_the_generated_fields_are_current() -> None:
    assert response_fields.TARGET.read_text() == response_fields.render()
