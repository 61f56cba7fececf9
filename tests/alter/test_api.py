"""`alter api`: what has no command of its own."""

from pathlib import Path

import pytest

from agents.models import App
from audit.models import Event, Webhook
from keys.models import ApiKey
from portal.models import AccessToken, User
from tests.alter.running import alter
from tests.factories import minted
from tests.keys.asking import again

pytestmark = pytest.mark.usefixtures("signed_in")


def test_what_is_there_is_printed_as_json(app: App, developer: User) -> None:
    output = alter("api", "GET", "/users?q=devel").json
    assert [item["email"] for item in output["items"]] == ["developer@example.com"]


def test_the_app_stands_where_it_is_named(app: App) -> None:
    assert alter("api", "GET", "/apps/{app}/leaks", "--app", str(app.id)).json["items"] == []


def test_something_is_made_once_and_its_secret_said_to_be(app: App, tmp_path: Path) -> None:
    (tmp_path / "siem.json").write_text('{"name": "siem", "url": "https://siem.example.com/in"}')
    words = ("api", "post", "/webhooks", "--input", f"@{tmp_path}/siem.json", "--idempotency-key", "one")
    first, second = alter(*words), alter(*words)
    assert ("shown only once" in first.err, "shown only once" in second.err) == (True, False)
    assert (first.json["secret"][:6], second.json["secret"], Webhook.objects.count()) == (
        "whsec_",
        None,
        1,
    )
    assert Event.objects.get(action="webhook.create").via == "cli"


def test_a_token_is_minted_from_standard_input(app: App) -> None:
    body = '{"name": "job", "permissions": ["dashboard_keys:read"], "expires_in": "1h"}'
    output = alter("api", "POST", "/tokens", "--input", "-", stdin=body).json
    assert AccessToken.objects.get(id=output["id"]).parent is not None


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("GET", "people"), 2, "not a path relative to /api/v1"),
        (("GET", "/api/v1/users"), 2, "not a path relative to /api/v1"),
        (("GET", "//example.com/people"), 2, "not a path relative to /api/v1"),
        (("TRACE", "/users"), 2, "TRACE"),
        (("GET", "/nothing"), 4, "API operation not found."),
        (("POST", "/users/x/email"), 7, "Access tokens cannot do this"),
    ],
)
def test_a_no_ends_as_every_other(words: tuple[str, ...], code: int, says: str) -> None:
    result = alter("api", *words)
    assert (result.code, says.lower() in result.err.lower(), result.out) == (code, True, "")


def test_a_key_is_widened(app: App) -> None:
    key: ApiKey = minted(app).key
    why = ("--reason", "It reports, too.")
    result = alter("keys", "widen", "--key", str(key.id), "--scopes", "grants:read,usage:read", *why)
    assert (result.code, result.json["scopes"]) == (0, ["grants:read", "usage:read"])
    assert again(key).scopes == ["grants:read", "usage:read"]
    assert alter("keys", "widen", "--key", str(key.id), *why).code == 2
