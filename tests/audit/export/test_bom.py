"""CSV that Excel reads as UTF-8: a byte order mark where it is asked for, on every face, and nowhere else."""

from collections.abc import Callable
from pathlib import Path

from django.test import Client
from django.urls import reverse

from agents.models import App
from portal.models import User
from tests.audit.records import called
from tests.audit.sealed import sealed
from tests.factories import issued
from tests.shell import Said

MARK = b"\xef\xbb\xbf"


def body(answer: object) -> bytes:
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_the_page_has_a_box_for_it(app: App, admin: User, signed_in: Callable[[User], Client]) -> None:
    sealed(called(app.id))
    page, browser = reverse("audit-export", args=[app.id]), signed_in(admin)
    assert b'name="bom"' in browser.get(page).content
    assert body(browser.post(page, {"format": "csv", "bom": "on"})).startswith(MARK + b"# alter audit log")
    assert body(browser.post(page, {"format": "csv"})).startswith(b"# alter audit log")
    # A box that was ticked before another format was chosen is about CSV alone.
    assert body(browser.post(page, {"format": "jsonl", "bom": "on"})).startswith(b"{")


def test_the_api_takes_bom(app: App, admin: User) -> None:
    sealed(called(app.id))
    token, client = issued(admin).plaintext.take(), Client()
    answers = {
        query: client.get(
            f"/api/v1/apps/{app.id}/audit/export?{query}", headers={"Authorization": f"Bearer {token}"}
        )
        for query in ("format=csv&bom=true", "format=csv", "bom=true", "format=csv&bom=maybe")
    }
    assert body(answers["format=csv&bom=true"]).startswith(MARK + b"# alter")
    assert body(answers["format=csv"]).startswith(b"# alter")
    assert [answers[query].status_code for query in ("bom=true", "format=csv&bom=maybe")] == [422, 422]


def test_the_shell_has_an_option(db: None, app: App, tmp_path: Path) -> None:
    sealed(called(app.id))
    path = tmp_path / "audit.csv"
    words = ("export_audit", "--app", str(app.id), "--file", str(path), "--bom")
    assert Said(*words).code == 2
    assert Said(*words, "--format", "csv").code == 0
    assert path.read_bytes().startswith(MARK + b"# alter audit log")
