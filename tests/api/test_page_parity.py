"""Whatever a page changes, a program can change too; or docs/api.md says that it cannot, and why."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from portal.api import management
from tests.access import asked
from tests.api.program import Program, error

pytestmark = pytest.mark.one_engine
TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
KEY, AGENT = "apps/<app_id>/keys/<key_id>", "apps/<app_id>/agents/<agent_id>"
SCOPES = "apps/<app_id>/scopes"
VIEW, WEBHOOK = "apps/<app_id>/audit/views/<view_id>", "settings/audit-log/webhooks/<webhook_id>"
LETTER = "settings/audit-log/failed-deliveries/<delivery_id>"
OPERATION = {
    "apps/new/": "POST /apps",
    "apps/<app_id>/settings/": "PATCH /apps/<app_id>",
    "apps/<app_id>/archive/": "POST /apps/<app_id>/archive",
    "apps/<app_id>/unarchive/": "POST /apps/<app_id>/unarchive",
    "apps/<app_id>/keys/mint/": "POST /apps/<app_id>/keys",
    **{
        f"{KEY}/{verb}/": f"POST /{KEY}/{verb}"
        for verb in ("rotate", "deprecate", "undeprecate", "revoke", "ask")
    },
    f"{KEY}/permissions/": f"POST /{KEY}/narrow",
    f"{KEY}/rename/": f"PATCH /{KEY}",
    **{
        f"{SCOPES}/{page}/": f"{operation.partition(' ')[0]} /{SCOPES}/{operation.partition(' ')[2]}"
        for page, operation in {
            "new": "PUT <scope>",
            "<scope>": "PUT <scope>",
            "<scope>/remove": "POST <scope>/remove",
            "import": "POST import",
            "preset": "PUT preset",
            "resources/new": "PUT resources/<resource>",
            "resources/<resource>": "PUT resources/<resource>",
            "templates/new": "PUT templates/<template>",
            "templates/<template>": "PUT templates/<template>",
            "templates/<template>/remove": "POST templates/<template>/remove",
            "versions/<version>/restore": "POST versions/<version>/restore",
        }.items()
    },
    "apps/<app_id>/agents/new/": "POST /apps/<app_id>/agents",
    **{f"{AGENT}/{verb}/": f"POST /{AGENT}/{verb}" for verb in ("suspend", "resume", "revoke")},
    **{f"apps/<app_id>/agents/{verb}/": f"POST /{AGENT}/{verb}" for verb in ("suspend", "resume", "revoke")},
    f"{AGENT}/rename/": f"PATCH /{AGENT}",
    f"{AGENT}/mint/": f"POST /{AGENT}/keys",
    "apps/<app_id>/audit/export/": "GET /apps/<app_id>/audit/export",
    "apps/<app_id>/audit/views/save/": "POST /apps/<app_id>/views",
    f"{VIEW}/rename/": "PATCH /apps/<app_id>/views/<view_id>",
    f"{VIEW}/share/": "PATCH /apps/<app_id>/views/<view_id>",
    f"{VIEW}/end/": "POST /apps/<app_id>/views/<view_id>/delete",
    "apps/<app_id>/members/invite/": "POST /apps/<app_id>/invitations",
    "apps/<app_id>/members/<membership_id>/role/": "PATCH /apps/<app_id>/members/<member_id>",
    "apps/<app_id>/members/<membership_id>/remove/": "POST /apps/<app_id>/members/<member_id>/remove",
    **{
        f"apps/<app_id>/members/invitations/<invitation_id>/{verb}/": (
            f"POST /apps/<app_id>/invitations/<invitation_id>/{verb}"
        )
        for verb in ("resend", "cancel")
    },
    "users/<user_id>/remove/": "POST /users/<user_id>/remove",
    "users/<user_id>/sign-out/": "POST /users/<user_id>/sign-out",
    "users/<user_id>/deactivate/": "POST /users/<user_id>/deactivate",
    "users/<user_id>/reactivate/": "POST /users/<user_id>/reactivate",
    "settings/security/": "PATCH /policy",
    "settings/audit-log/retention/<kind>/": "PATCH /retention/<kind>",
    "settings/audit-log/webhooks/new/": "POST /webhooks",
    **{
        f"{WEBHOOK}/{verb}/": f"POST /webhooks/<webhook_id>/{verb}"
        for verb in ("pause", "resume", "test", "rotate", "delete")
    },
    **{f"{LETTER}/{verb}/": f"POST /failed-deliveries/<delivery_id>/{verb}" for verb in ("retry", "discard")},
    **{
        f"settings/audit-log/failed-deliveries/{verb}/": f"POST /failed-deliveries/{verb}"
        for verb in ("retry", "discard")
    },
    "account/tokens/mint/": "POST /tokens",
    "account/tokens/<token_id>/revoke/": "POST /tokens/<token_id>/revoke",
    "notifications/read/": "POST /notifications/read",
    "lookup/": "POST /lookup",
}
"""A page that changes something, to the operation that does the same."""


def changing_pages() -> set[str]:
    """The pages that take a POST from somebody, as tests/access found out by asking."""
    told = asked.kept("pages.txt")
    return {
        line.partition(" ")[2]
        for line, row in told.items()
        if line.startswith("POST ") and "method" not in row
    }


def pages_alone() -> dict[str, str]:
    """Of docs/api.md: how the addresses begin that have no operation, and why."""
    table = TEXT.partition("## What stays on pages\n")[2].partition("\n## ")[0]
    return {
        address: why
        for line in re.findall(r"^\| `.*$", table, re.M)
        for addresses, why in [line.strip("| ").split(" | ", 1)]
        for address in re.findall(r"`/([^`]*)`", addresses)
    }


def test_every_page_that_changes_something_has_an_operation_or_a_reason() -> None:
    alone = pages_alone()
    lacking = [
        page
        for page in sorted(changing_pages() - OPERATION.keys())
        if not any(page.startswith(address) for address in alone)
    ]
    assert lacking == []


def test_no_reason_is_given_for_a_page_that_has_an_operation() -> None:
    both = [page for page in OPERATION if any(page.startswith(address) for address in pages_alone())]
    assert both == []


def test_every_reason_is_for_a_page_that_is_there() -> None:
    pages = changing_pages()
    assert [one for one in pages_alone() if not any(page.startswith(one) for page in pages)] == []
    assert [address for address, why in pages_alone().items() if len(why) < 20] == []


def test_every_operation_named_is_there() -> None:
    there = {
        f"{method} {route[len('api/v1') :]}"
        for route, methods in management.NEEDS.items()
        for method in methods
    }
    assert [value for value in OPERATION.values() if value not in there] == []
    assert OPERATION.keys() <= changing_pages()


def test_a_page_and_its_operation_need_the_same_action() -> None:
    gates = dict(gated(get_resolver()))
    differing = {
        page: gates[page]
        for page, operation in OPERATION.items()
        if gates[page] and gates[page] not in needed(operation)
    }
    assert differing == {}


def needed(operation: str) -> set[str]:
    """The names of the actions that `operation` is for."""
    method, _, path = operation.partition(" ")
    needs = management.NEEDS["api/v1" + path][method]
    return {action.name for action in needs.actions} if needs else set()


def gated(below: URLResolver, start: str = "") -> Iterator[tuple[str, str]]:
    """Every page, and the name of the action that its gate asks a permission for; none where anyone may."""
    for line in below.url_patterns:
        path = start + str(line.pattern)
        if isinstance(line, URLPattern):
            action = getattr(line.callback, "action", None)
            yield asked.PARAMETER.sub(r"<\1>", path), action.name if action and action.needs else ""
        else:
            yield from gated(line, path)


@pytest.mark.parametrize(
    "path", ["users/x/email", "users/x/reset-2fa", "users/x/confirm-email", "notifications/settings"]
)
def test_where_a_program_would_look_for_what_is_on_pages_alone_it_is_told_so(
    by_admin: Program, path: str
) -> None:
    for method in ("GET", "POST", "PATCH", "PUT"):
        assert error(by_admin.send(method, f"/{path}", {})) == (403, "on_pages_alone"), method
    assert "Sign in" in by_admin.post(f"/{path}").json()["hint"]


def test_nobody_without_a_token_is_told(db: None) -> None:
    assert error(Program("").post("/users/x/email")) == (401, "missing_token")
