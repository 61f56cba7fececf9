"""Where to go on: a `next` leads to a page of this portal, or nowhere, on every page that reads one."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from portal.mail import sending
from portal.models import User
from portal.web.redirects import drop_unsafe_next, safe_next
from tests.factories import PASSWORD
from tests.portal.pages import text

ELSEWHERE = (
    "https://evil.example/",
    "http://localhost:4444/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "///evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "/%0a\r\nSet-Cookie: a=b",
    "",
)
WITH_NEXT = (
    "/account/reauthenticate/",
    "/account/2fa/reauthenticate/",
    "/account/2fa/webauthn/reauthenticate/",
    "/account/logout/",
    "/account/password/change/",
)


@pytest.mark.parametrize("there", ["/", "/lookup/", "/apps/1/audit/?q=a+b%20c&r=%2F%2F#x", "/join/a-b_c/"])
def test_a_page_of_ours_is_one(there: str) -> None:
    assert safe_next(there) == there


@pytest.mark.parametrize("there", ELSEWHERE)
def test_what_leads_elsewhere_is_none(there: str) -> None:
    assert safe_next(there) == ""


@given(st.text(max_size=40) | st.text("/\\@:.\t\r\n evil?#%", max_size=20))
def test_what_is_followed_has_neither_scheme_nor_host(there: str) -> None:
    if safe_next(there):
        parts = urlsplit(there)
        assert (parts.scheme, parts.netloc, there[0], there[1:2] in ("/", "\\")) == ("", "", "/", False)


@pytest.mark.one_engine
@pytest.mark.django_db
def test_no_page_shows_or_follows_a_next_that_leads_elsewhere(window: Client) -> None:
    found = []
    for page in WITH_NEXT:
        for there in (
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "http://localhost:4444/",
        ):
            for answer in (
                window.get(page, {"next": there}),
                Client().get("/account/login/", {"next": there}),
            ):
                told = text(answer) + answer.get("Location", "")
                found += [(page, there)] if "evil.example" in told or "4444" in told else []
    assert found == []


@pytest.mark.one_engine
def test_every_way_that_goes_on_stays_here(admin: User, client: Client) -> None:
    for there in ("https://evil.example/", "http://localhost:4444/", "//evil.example"):
        form = {"login": admin.email, "password": PASSWORD, "next": there}
        assert client.post("/account/login/", form)["Location"] == "/"
        proof = {"password": PASSWORD, "next": there}
        assert client.post("/account/reauthenticate/", proof)["Location"] == "/"
        assert client.post("/account/logout/", {"next": there})["Location"] == "/account/login/"


@pytest.mark.one_engine
@pytest.mark.django_db
def test_what_htmx_says_it_is_on_leads_nowhere_else(client: Client) -> None:
    for there in ("https://evil.example//evil.example/x", "http://[bad", "//evil.example//a"):
        page = {"HX-Request": "true", "HX-Current-URL": there}
        answer = client.get("/users/", headers=page)
        back = parse_qs(urlsplit(answer["HX-Redirect"]).query)["next"][0]
        assert safe_next(back) == back, there


def test_only_what_leads_elsewhere_is_taken_out_of_a_request() -> None:
    request = RequestFactory().post("/?next=//evil.example&a=1", {"next": "/lookup/", "b": "2"})
    drop_unsafe_next(request)
    assert (request.GET.urlencode(), request.POST.urlencode()) == ("a=1", "next=%2Flookup%2F&b=2")


@pytest.mark.one_engine
def test_a_reset_leads_to_the_portal_whatever_host_was_named(
    admin: User, settings: Settings, mailoutbox: list[object]
) -> None:
    for origin, starts in (
        ("https://keys.example.com", "https://keys.example.com/"),
        ("", "http://localhost/"),
    ):
        settings.ORIGIN = origin
        Client(HTTP_HOST="localhost:4444").post("/account/password/reset/", {"email": admin.email})
        sending.send()
        body = str(mailoutbox[-1].body)  # type: ignore[attr-defined]
        assert f"{starts}account/password/reset/key/" in body
        assert "4444" not in body


@pytest.mark.one_engine
def test_no_page_shows_a_link_to_another_port(admin: User, signed_in: Callable[[User], Client]) -> None:
    client = signed_in(admin)
    client.defaults["HTTP_HOST"] = "localhost:4444"
    for page in ("/account/tokens/", "/leaks/report/", "/docs/", "/account/2fa/webauthn/add/"):
        assert "4444" not in text(client.get(page)), page
