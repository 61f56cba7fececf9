"""Addresses that take a POST alone lead somebody who comes by GET to the thing's page."""

from django.http import HttpResponse
from django.test import RequestFactory

from portal.web.post_only import post_only


@post_only(lambda number: f"/things/{number}/")
def change(request: object, number: int) -> HttpResponse:
    return HttpResponse("changed")


def test_get_leads_to_the_page_and_post_changes() -> None:
    made = RequestFactory()
    assert change(made.get("/"), number=3)["Location"] == "/things/3/"
    assert change(made.head("/"), number=3).status_code == 302
    assert change(made.post("/"), number=3).content == b"changed"
    assert change(made.delete("/"), number=3).status_code == 405
