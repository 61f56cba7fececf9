"""docs/api.md says what the code says. Its examples are run by tests/docs/test_documents.py."""

import re
from pathlib import Path

import pytest
from django.urls import resolve

from core.errors import all_refusals
from keys.admission.runtime_auth import MAX_BODY
from portal import settings
from portal.api import management
from portal.roles import EVERYTHING

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
SCRIPTS = [block for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.M | re.S) if "curl" in block]


def asked() -> list[tuple[str, str]]:
    """The method and the path of each curl in the guide."""
    whole = "".join(SCRIPTS).replace("\\\n", " ")
    calls = [line for line in whole.splitlines() if "curl -sS" in line]
    methods = [(re.search(r"-X (\w+)", call) or ["", "GET"])[1] for call in calls]
    paths = [(re.search(r'"\$PORTAL([^"?]+)', call) or ["", ""])[1] for call in calls]
    return list(zip(methods, paths, strict=True))


@pytest.mark.parametrize(("method", "path"), asked())
def test_an_example_is_of_an_operation_that_is_there(method: str, path: str) -> None:
    assert method in management.NEEDS[resolve(path).route]


def test_the_guide_lists_every_permission() -> None:
    assert sorted(re.findall(r"^\| `(dashboard_\w+:\w+)` \|", TEXT, re.M)) == EVERYTHING


def test_the_codes_it_names_are_there() -> None:
    codes = {kind.code for kind in all_refusals() if "code" in vars(kind)}
    table = re.findall(r"^\| \d{3}.*$", TEXT, re.M)
    named = {word for row in table for word in re.findall(r"`([a-z]+(?:_[a-z]+)+|forbidden)`", row)} - {
        "fields"
    }
    assert named and named <= codes


@pytest.mark.parametrize(
    "words",
    [
        f"at most {MAX_BODY // 1024} KiB",
        f"requests per minute, default {settings.API_RATE_LIMIT_RPM}.",
    ],
)
def test_a_limit_is_what_the_code_says(words: str) -> None:
    assert words in " ".join(TEXT.split())
