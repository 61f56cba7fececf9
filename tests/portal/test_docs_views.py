"""The docs as pages: what they show, to whom, and that every link among them leads somewhere."""

import re
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.docs_views import api
from portal.guides import GUIDES
from portal.models import User
from tests.factories import UserFactory

SignedIn = Callable[[User], Client]

GUIDE_PAGES = [f"/docs/{guide.slug}/" for guide in GUIDES]
PAGES = ["/docs/", "/docs/sdk-api/", *GUIDE_PAGES]
EVERY_PAGE = pytest.mark.parametrize("page", PAGES)

AGENT = {"$ref": "#/components/schemas/Agent"}
DOCUMENT = {
    "info": {"title": "Runtime API", "version": "1", "description": "See [the guide](sdk.md)."},
    "paths": {
        "/sdk/agents": {
            "post": {
                "tags": ["agents"],
                "summary": "Create an agent",
                "description": "Needs a **name**.",
                "x-alter-scope": "agents:write",
                "parameters": [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": AGENT}}, "required": True},
                "responses": {
                    "201": {"description": "Created", "content": {"application/json": {"schema": AGENT}}}
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Agent": {
                "description": "<b>Who</b> acts.",
                "properties": {"name": {"type": "string", "maxLength": 9, "default": "a"}},
                "required": ["name"],
            }
        }
    },
}


@pytest.fixture(autouse=True)
def documented(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small runtime API in place of the real one."""
    monkeypatch.setitem(sys.modules, "portal.sdk", SimpleNamespace(openapi=lambda: DOCUMENT))
    api.cache_clear()
    yield
    api.cache_clear()


@pytest.fixture
def window(db: None, signed_in: SignedIn) -> Client:
    """The browser of someone without a role: docs are for everyone who is signed in."""
    return signed_in(UserFactory.create())


def text(answer: Any) -> str:
    return str(answer.content.decode())


def shown(window: Client, page: str) -> str:
    return text(window.get(page))


# ── every page ──────────────────────────────────────────────────────────────────────────────────────


@EVERY_PAGE
def test_docs_are_for_everyone_who_is_signed_in(window: Client, page: str) -> None:
    assert window.get(page).status_code == 200


@EVERY_PAGE
def test_the_frame_says_where_one_is(window: Client, page: str) -> None:
    assert '<a href="/docs/" aria-current="page">Docs</a>' in shown(window, page)


@EVERY_PAGE
def test_no_two_places_of_a_page_have_one_name(window: Client, page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', shown(window, page))
    assert sorted(set(ids)) == sorted(ids)


@EVERY_PAGE
def test_nothing_on_a_page_is_against_its_policy(window: Client, page: str) -> None:
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script>", shown(window, page))


@EVERY_PAGE
def test_every_link_into_the_docs_leads_to_a_place_that_is_there(window: Client, page: str) -> None:
    for there, place in re.findall(r'href="(/docs/[^"#]*|)#([^"]+)"', shown(window, page)):
        assert f' id="{place}"' in shown(window, there or page), f"{page} links to {there}#{place}"


@EVERY_PAGE
def test_every_page_of_the_docs_that_is_linked_to_is_there(window: Client, page: str) -> None:
    linked = set(re.findall(r'href="(/docs/[^"#]*)', shown(window, page)))
    assert linked <= set(PAGES)


@EVERY_PAGE
def test_a_page_of_the_docs_asks_only_who_is_reading(
    window: Client, page: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        window.get(page)


# ── what they show ──────────────────────────────────────────────────────────────────────────────────


def test_the_docs_begin_with_all_there_is_to_read(window: Client) -> None:
    page = shown(window, "/docs/")
    assert [there for there in PAGES[1:] if f'<h3><a href="{there}">' not in page] == []
    assert 'href="/sdk/openapi.json"' in page


def test_the_docs_begin_with_the_sections_of_each_guide(window: Client) -> None:
    assert '<a href="/docs/door/#trusted-proxies">Trusted proxies</a>' in shown(window, "/docs/")


def test_a_guide_has_one_title_and_its_contents(window: Client) -> None:
    page = shown(window, "/docs/door/")
    assert re.findall(r"<h1.*?</h1>", page) == ['<h1 id="the-door">The door</h1>']
    assert '<a href="#the-order-of-checks">The order of checks</a>' in page


@pytest.mark.parametrize("slug", ["architecture", "none", "README"])
def test_a_guide_that_is_not_there_is_a_404(window: Client, slug: str) -> None:
    answer = window.get(f"/docs/{slug}/")
    assert (answer.status_code, "There is nothing at this address." in text(answer)) == (404, True)


def test_an_operation_is_shown_with_all_it_needs(window: Client) -> None:
    page = shown(window, "/docs/sdk-api/")
    for part in (
        "<code><b>POST</b> /sdk/agents</code><span>Create an agent</span>",
        "needs <code>agents:write</code>",
        "<p>Needs a <strong>name</strong>.</p>",
        "<code>Idempotency-Key</code><small>header, optional</small>",
        "<code>name</code><small>required</small>",
        "<small>at most 9 characters</small><small>default <code>&quot;a&quot;</code></small>",
        '<span><a href="#type-Agent">Agent</a></span>',
    ):
        assert part in page, part


def test_a_description_brings_no_tags(window: Client) -> None:
    assert "&lt;b&gt;Who&lt;/b&gt; acts." in shown(window, "/docs/sdk-api/")


def test_the_reference_leads_to_the_guide_and_to_the_document_itself(window: Client) -> None:
    page = shown(window, "/docs/sdk-api/")
    assert '<a href="/docs/sdk/">the guide</a>' in page
    assert 'href="/sdk/openapi.json"' in page


# ── the palette ─────────────────────────────────────────────────────────────────────────────────────


def test_the_palette_leads_to_the_docs(window: Client) -> None:
    assert '<a href="/docs/errors/"><span>Refusals</span><small class="quiet">docs</small></a>' in shown(
        window, "/jump/?q=refus"
    )
