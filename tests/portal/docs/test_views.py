"""The docs as pages: what they show, to whom, and that every link among them leads somewhere."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audit.actors import shell
from portal.api import management, runtime_routes
from portal.docs.guides import GUIDES, named
from portal.models import PortalPolicy, User
from portal.policy.policy import change_policy
from tests.cast import prove
from tests.factories import UserFactory

pytestmark = pytest.mark.one_engine
SignedIn = Callable[[User], Client]

GUIDE_PAGES = [f"/docs/{guide.slug}/" for guide in GUIDES]
REFERENCES = {"/docs/sdk-api/": runtime_routes.openapi(), "/docs/api-reference/": management.openapi()}
DOCS = Path(__file__).resolve().parents[3] / "docs"
FILES = {f"/docs/gateways/{path.name}" for path in (DOCS / "gateways").iterdir()}
PAGES = ["/docs/", *REFERENCES, *GUIDE_PAGES]
EVERY_PAGE = pytest.mark.parametrize("address", PAGES)


@pytest.fixture
def window(db: None, signed_in: SignedIn) -> Client:
    """The browser of someone without a role: docs are for everyone who is signed in."""
    return signed_in(UserFactory.create())


@pytest.fixture
def admin_window(admin: User, signed_in: SignedIn) -> Client:
    """The browser of an admin who has just proved who they are."""
    window = signed_in(admin)
    prove(window, admin)
    return window


def text(answer: Any) -> str:
    return str(answer.content.decode())


def shown(window: Client, page: str) -> str:
    return text(window.get(page))


def test_a_guide_names_this_portal_and_where_it_listens(window: Client, settings: Any) -> None:
    settings.ORIGIN, settings.LISTENS_AT = "https://keys.example.com", "127.0.0.1:8123"
    for page in GUIDE_PAGES:
        text = shown(window, page)
        assert "localhost:8000" not in text and "127.0.0.1:8000" not in text, page
    assert "PORTAL=https://keys.example.com" in shown(window, "/docs/api/")
    assert "127.0.0.1:8123" in shown(window, "/docs/gateways/")


def test_an_option_in_a_sentence_stays_in_one_piece(window: Client) -> None:
    assert 'export_audit <span class="option">--app</span> none</code>' in shown(window, "/docs/gateways/")


# ── every page ──────────────────────────────────────────────────────────────────────────────────────


@EVERY_PAGE
def test_docs_are_for_everyone_who_is_signed_in(window: Client, address: str) -> None:
    assert window.get(address).status_code == 200


@EVERY_PAGE
def test_the_frame_says_where_one_is(window: Client, address: str) -> None:
    here = re.compile(r'<a href="/docs/" aria-current="page">\s*<svg.*?</svg>\s*Docs</a>', re.DOTALL)
    assert here.search(shown(window, address))


@EVERY_PAGE
def test_no_two_places_of_a_page_have_one_name(window: Client, address: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', shown(window, address))
    assert sorted(set(ids)) == sorted(ids)


@EVERY_PAGE
def test_nothing_on_a_page_is_against_its_policy(window: Client, address: str) -> None:
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script>", shown(window, address))


@EVERY_PAGE
def test_every_link_into_the_docs_leads_to_a_place_that_is_there(window: Client, address: str) -> None:
    pages = {page: shown(window, page) for page in PAGES}
    links = re.findall(r'href="(/docs/[^"#]*|)#([^"]+)"', pages[address])
    assert [link for link in links if f' id="{link[1]}"' not in pages[link[0] or address]] == []


@EVERY_PAGE
def test_every_page_of_the_docs_that_is_linked_to_is_there(window: Client, address: str) -> None:
    linked = set(re.findall(r'href="(/docs/[^"#]*)', shown(window, address)))
    assert linked <= {*PAGES, *FILES}


def test_the_files_for_gateways_can_be_read_as_they_are(window: Client) -> None:
    linked = set(re.findall(r'href="(/docs/gateways/[^"#]+)', shown(window, "/docs/gateways/")))
    assert linked == FILES
    for address in linked:
        answer = window.get(address)
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert b"".join(answer) == (DOCS / address.removeprefix("/docs/")).read_bytes()
    assert window.get("/docs/gateways/..").status_code == 404
    assert window.get("/docs/gateways/passwd").status_code == 404


@EVERY_PAGE
def test_a_page_of_the_docs_asks_only_who_is_reading(
    window: Client, address: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(5):
        window.get(address)


# ── what they show ──────────────────────────────────────────────────────────────────────────────────


def test_the_docs_begin_with_all_there_is_to_read(window: Client) -> None:
    page = shown(window, "/docs/")
    assert [there for there in PAGES[1:] if f'<h3><a href="{there}">' not in page] == []
    assert 'href="/sdk/openapi.json"' in page and 'href="/api/v1/openapi.json"' in page


def test_the_docs_begin_with_the_sections_of_each_guide(window: Client) -> None:
    assert '<a href="/docs/verify/#trusted-proxies">Trusted proxies</a>' in shown(window, "/docs/")


def test_a_guide_has_one_title_and_its_contents(window: Client) -> None:
    page = shown(window, "/docs/verify/")
    assert re.findall(r"<h1.*?</h1>", page) == ['<h1 id="verify-api">Verify API</h1>']
    assert '<a href="#order-of-checks">Order of checks</a>' in page


@pytest.mark.parametrize("slug", ["architecture", "none", "README"])
def test_a_guide_that_is_not_there_is_a_404(window: Client, slug: str) -> None:
    answer = window.get(f"/docs/{slug}/")
    assert (answer.status_code, "Page not found" in text(answer)) == (404, True)


@pytest.mark.parametrize("address", REFERENCES)
def test_every_operation_of_an_api_is_shown(window: Client, address: str) -> None:
    page = shown(window, address)
    told = [
        f"<b>{method.upper()}</b> {path}<"
        for path, place in REFERENCES[address]["paths"].items()
        for method in place
    ]
    assert [one for one in told if page.count(one) != 1] == []


def test_an_operation_is_shown_with_all_it_needs(window: Client) -> None:
    page = shown(window, "/docs/sdk-api/")
    derive = page[page.index('id="post-sdk-keys-derive"') :]
    derive = derive[: derive.index("</article>")]
    for part in (
        "requires <code>keys:derive</code>",
        "<code>scopes</code><small>required</small>",
        "<code>201</code> ",
        '<a href="#type-MintedKey">MintedKey</a>',
        'Error, see <a href="/docs/errors/">its code</a>',
    ):
        assert part in derive, part


def test_what_needs_no_scope_says_so(window: Client) -> None:
    page = shown(window, "/docs/sdk-api/")
    assert "no scope required" in page[page.index('id="get-sdk-scopes"') :].partition("</article>")[0]


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        ("get-api-v1-apps-app_id-members", "requires <code>dashboard_members:read</code>"),
        (
            "post-api-v1-apps-app_id-agents",
            "requires <code>dashboard_agents:write</code> and <code>dashboard_keys:write</code>",
        ),
        ("get-api-v1-me", "no permission required"),
    ],
)
def test_an_operation_of_the_management_api_is_shown_with_its_permission(
    window: Client, operation: str, says: str
) -> None:
    page = shown(window, "/docs/api-reference/")
    assert says in page[page.index(f'id="{operation}"') :].partition("</article>")[0]


@pytest.mark.parametrize(
    ("address", "document"),
    [("/docs/sdk-api/", "/sdk/openapi.json"), ("/docs/api-reference/", "/api/v1/openapi.json")],
)
def test_a_reference_leads_to_the_document_itself(window: Client, address: str, document: str) -> None:
    assert f'<a class="button" href="{document}">OpenAPI 3.1</a>' in shown(window, address)


@pytest.mark.parametrize(("guide", "reference"), [("sdk", "sdk-api"), ("api", "api-reference")])
def test_a_guide_leads_to_its_reference(window: Client, guide: str, reference: str) -> None:
    assert f'<a class="button" href="/docs/{reference}/">' in shown(window, f"/docs/{guide}/")


# ── the palette ─────────────────────────────────────────────────────────────────────────────────────


def test_the_palette_leads_to_the_docs(window: Client) -> None:
    assert 'href="/docs/errors/" role="option"' in shown(window, "/search/?q=error")


# ── public docs ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def public_docs(db: None) -> None:
    """Where the admins allow reading the docs without signing in."""
    change_policy(shell(), None, second_factor=False, on_leaked_token="revoke", public_docs=True)


@EVERY_PAGE
def test_docs_open_without_signing_in_where_admins_allow_it(
    public_docs: None, client: Client, address: str
) -> None:
    answer = client.get(address)
    assert (answer.status_code, "Sign in" in text(answer)) == (200, True)


def test_public_docs_open_nothing_else(public_docs: None, client: Client) -> None:
    assert [client.get(address).status_code for address in ("/", "/search/", "/shortcuts/")] == [302] * 3


def test_public_docs_are_a_setting_of_the_portal(admin_window: Client) -> None:
    form = {"section": "public_docs", "public_docs": "on", "reason": "Customers read them."}
    admin_window.post("/settings/security/", form)
    assert PortalPolicy.in_force().public_docs
    assert "Allow reading the docs without signing in" in shown(admin_window, "/settings/security/")


def test_every_guide_that_a_guide_links_to_has_a_page(window: Client) -> None:
    linked = {
        (guide.file, link)
        for guide in GUIDES
        for link in re.findall(r"\]\(([a-z0-9-]+\.md)[#)]", guide.path.read_text())
    }
    missing = {(file, link) for file, link in linked if named(link) is None}
    assert missing == set()
    assert all(shown(window, "/docs/").count(f'href="{guide.address}"') for guide in GUIDES)
