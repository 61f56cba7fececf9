"""The guides: that their files say what the list says, and where a link among them leads."""

import pytest

from portal.docs.guides import GUIDES, Guide, find, leads_to
from portal.docs.markdown import text_of

EVERY_GUIDE = pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.slug)


@EVERY_GUIDE
def test_a_guide_is_called_as_its_file_calls_itself(guide: Guide) -> None:
    title = text_of(guide).title
    assert title and title.says == guide.title


@EVERY_GUIDE
def test_a_guide_is_summed_up_in_one_sentence(guide: Guide) -> None:
    assert guide.summary.count(".") == 1 and guide.summary.endswith(".")


def test_a_guide_is_found_by_its_slug() -> None:
    verify = find("verify")
    assert verify and verify.address == "/docs/verify/"


@pytest.mark.parametrize("slug", ["architecture", "", "../README", "verify.md"])
def test_nothing_else_is_found(slug: str) -> None:
    assert find(slug) is None


@pytest.mark.parametrize(
    ("link", "there"),
    [
        ("errors.md", "/docs/errors/"),
        ("verify.md#the-order-of-checks", "/docs/verify/#the-order-of-checks"),
        ("gateways/nginx.conf", "/docs/gateways/nginx.conf"),
        ("cli.md#exit-codes", "/docs/cli/#exit-codes"),
        ("#trusted-proxies", "#trusted-proxies"),
        ("/sdk/openapi.json", "/sdk/openapi.json"),
        ("https://example.com/a.md#b", "https://example.com/a.md#b"),
        ("mailto:admin@example.com", "mailto:admin@example.com"),
    ],
)
def test_a_link_leads_to_a_page_that_is_there(link: str, there: str) -> None:
    assert leads_to(link) == there


@pytest.mark.parametrize(
    "link",
    ["architecture.md", "decisions/0004-archiving-hides-an-app.md", "../.env.example", "gateways/errors.md"],
)
def test_a_file_without_a_page_is_led_to_nowhere(link: str) -> None:
    assert leads_to(link) is None
