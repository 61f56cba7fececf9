"""The gate of the management API: whose token lets which call in, and what the record says of it."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from core.clock import at
from keys.models import ApiKey
from portal.api import management
from portal.models import AccessToken, Role, User
from portal.models.users import note_of
from portal.roles import EVERYTHING, PERMISSIONS, with_lower_tiers
from portal.tokens import lifecycle
from tests.api.conftest import Of
from tests.api.lines import ANY_TOKEN, BELOW_AN_APP, OF_THE_PORTAL, PERMISSION, address, body
from tests.api.program import Program, error, last_act, named
from tests.api.roles import end, give
from tests.factories import AgentFactory, UserFactory, member, minted, taken_back

pytestmark = pytest.mark.one_engine
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def key(app: App) -> ApiKey:
    return minted(app).key


def ask(program: Program, line: str, **known: object) -> tuple[int, str]:
    """The status of a call on `line` that says nothing, and its code if it was refused."""
    answer = program.send(*address(line, **known), body(line))
    refused = answer.status_code >= 400
    return answer.status_code, answer.json()["error"] if refused else ""


# ── the map ─────────────────────────────────────────────────────────────────────────────────────────


def test_every_line_asks_for_the_permission_of_the_contract() -> None:
    mapped = {
        f"{method} {route[len('api/v1') :]}": ", ".join(needs.permissions)
        for route, methods in management.NEEDS.items()
        for method, needs in methods.items()
        if needs
    }
    assert mapped == PERMISSION


def test_only_the_sign_in_of_a_terminal_needs_no_token() -> None:
    open_lines = [
        (method, route)
        for route, methods in management.NEEDS.items()
        for method in methods
        if not methods[method]
    ]
    assert open_lines == [("POST", "api/v1/token")]


def test_the_document_shows_the_permission_of_each_operation() -> None:
    told = {
        f"{method.upper()} {path[len('/api/v1') :].translate(str.maketrans('{}', '<>'))}": operation[
            "x-alter-permission"
        ]
        for path, place in management.openapi()["paths"].items()
        for method, operation in place.items()
    }
    assert told == {**PERMISSION, "POST /token": ""}


# ── roles ───────────────────────────────────────────────────────────────────────────────────────────


FOR_OWNERS = {"POST /apps/<app_id>/keys/<key_id>/revoke": "dashboard_keys:write"}
"""What a smaller permission suffices for at one's own keys; which keys those are is asked after the gate."""


def needed(line: str) -> set[str]:
    """The permissions that `line` needs."""
    return {permission for permission in PERMISSION[line].split(", ") if permission}


def forbidden(program: Program, **known: object) -> set[str]:
    """The lines that `program` is kept from for want of a permission. What it does is taken back."""
    kept_from = set()
    for line in PERMISSION:
        with taken_back():
            kept_from |= {line} if ask(program, line, **known)[0] == 403 else set()
    return kept_from


@pytest.mark.parametrize("role", Role.values)
def test_a_role_on_every_app_gets_exactly_what_its_table_says(
    app: App, key: ApiKey, agent: Agent, of: Of, role: str
) -> None:
    told = forbidden(of(member(role, None)), app_id=app.id, key_id=key.id, agent_id=agent.id)
    assert told == {line for line in PERMISSION if not needed(line) <= PERMISSIONS[role]}


@pytest.mark.parametrize("role", Role.values)
def test_a_role_on_one_app_gets_the_same_there_and_nothing_of_the_portal(
    app: App, key: ApiKey, agent: Agent, of: Of, role: str
) -> None:
    told = forbidden(of(member(role, app)), app_id=app.id, key_id=key.id, agent_id=agent.id)
    lacks = {line for line in PERMISSION if not needed(line) <= PERMISSIONS[role]}
    assert told == lacks | set(OF_THE_PORTAL)


@pytest.mark.parametrize("permission", EVERYTHING)
def test_a_token_gets_no_more_than_was_asked_for(app: App, admin: User, of: Of, permission: str) -> None:
    told, held = forbidden(of(admin, permission), app_id=app.id), with_lower_tiers([permission])
    assert told == {
        line for line in PERMISSION if not needed(line) <= held and FOR_OWNERS.get(line) not in held
    }


def test_a_token_narrower_than_its_owners_role_is_told_what_it_needs(app: App, admin: User, of: Of) -> None:
    answer = of(admin, "dashboard_keys:read").post(
        f"/apps/{app.id}/keys", {"name": "a", "scopes": ["grants:read"]}
    )
    assert error(answer) == (403, "forbidden")
    assert answer.json()["needs"] == "dashboard_keys:write"


def test_creating_an_agent_takes_the_permission_for_its_first_key_too(app: App, admin: User, of: Of) -> None:
    answer = of(admin, "dashboard_agents:write").post(f"/apps/{app.id}/agents", {"name": "bot"})
    assert (error(answer), answer.json()["needs"]) == ((403, "forbidden"), "dashboard_keys:write")
    assert not Agent.objects.exists()


def test_the_tiers_of_a_token_nest(app: App, admin: User, of: Of) -> None:
    answer = of(admin, "dashboard_keys:admin").post(
        f"/apps/{app.id}/keys", {"name": "a", "scopes": ["grants:read"]}
    )
    assert answer.status_code == 201


def test_the_tiers_are_cut_to_the_role(app: App, support: User, key: ApiKey, of: Of) -> None:
    program = of(support, "dashboard_keys:admin")
    assert program.post(f"/apps/{app.id}/keys/{key.id}/revoke").status_code == 200
    answer = program.post(f"/apps/{app.id}/keys", {"name": "a", "scopes": ["grants:read"]})
    assert (error(answer), answer.json()["needs"]) == ((403, "forbidden"), "dashboard_keys:write")


def test_to_delete_an_app_is_in_no_tier(app: App, admin: User, of: Of) -> None:
    answer = of(admin, "dashboard_apps:write").delete(f"/apps/{app.id}", confirm=app.name)
    assert (error(answer), answer.json()["needs"]) == ((403, "forbidden"), "dashboard_apps:delete")


def test_what_looks_through_all_apps_needs_the_permission_on_one_of_them(
    app: App, other_app: App, of: Of
) -> None:
    user = member(Role.DEVELOPER, app)
    assert named(of(user, "dashboard_apps:read").get("/apps")) == [app.name]
    assert error(of(user, "dashboard_audit:read").get("/apps")) == (403, "forbidden")


def test_nobody_of_no_app_is_let_in_but_to_see_who_they_are(of: Of) -> None:
    program = of(UserFactory.create())
    assert error(program.get("/apps")) == (403, "forbidden")
    assert program.get("/me").json()["apps"] == []


# ── tokens that are not ─────────────────────────────────────────────────────────────────────────────


def test_without_a_token_there_is_nothing(db: None) -> None:
    for line in PERMISSION:
        method, path = address(line)
        for header in ("", "Bearer", "Bearer  ", "Basic YTpi", "alter_pat_x"):
            answer = Program("").send(method, path, body(line), Authorization=header)
            assert error(answer) == (401, "missing_token"), (line, header)
            assert answer["WWW-Authenticate"] == 'Bearer realm="alter"', (line, header)


@pytest.mark.parametrize(
    "secret", ["x", "alter_pat_" + "A" * 40, "alter_pat_\xff\xfe", "a b", "\u00e9", "A" * 9000]
)
def test_what_is_no_token_is_refused(db: None, secret: str) -> None:
    assert error(Program(secret).get("/me")) == (401, "invalid_token")


def test_an_api_key_is_no_access_token(app: App) -> None:
    assert error(Program(minted(app).plaintext.take()).get("/me")) == (401, "invalid_token")


def test_a_token_is_no_api_key(by_admin: Program) -> None:
    answer = by_admin.send("GET", "/me", x_api_key=by_admin.secret, Authorization="")
    assert error(answer) == (401, "missing_token")


def test_the_word_bearer_is_read_in_any_case(by_admin: Program) -> None:
    answer = by_admin.send("GET", "/me", Authorization=f"bEARER  {by_admin.secret} ")
    assert answer.status_code == 200


def test_an_expired_token_says_so(admin: User, of: Of) -> None:
    with at(NOON):
        program = of(admin, expires_at=NOON + HOUR)
    with at(NOON + HOUR):
        assert error(program.get("/me")) == (401, "token_expired")


def test_a_token_works_to_its_last_moment(admin: User, of: Of) -> None:
    with at(NOON):
        program = of(admin, expires_at=NOON + HOUR)
    with at(NOON + HOUR - timedelta(microseconds=1)):
        assert program.get("/me").status_code == 200


def test_a_revoked_token_looks_like_none(by_admin: Program) -> None:
    assert by_admin.token
    lifecycle.revoke(shell(), by_admin.token)
    assert error(by_admin.get("/me")) == (401, "invalid_token")


def test_a_token_ends_with_its_owners_account(admin: User, by_admin: Program) -> None:
    note_of(admin, is_active=False)
    assert error(by_admin.get("/me")) == (401, "invalid_token")


def test_only_the_digest_of_a_token_is_kept(by_admin: Program) -> None:
    token = AccessToken.objects.get()
    assert by_admin.secret.startswith(token.prefix) and len(token.prefix) < len(by_admin.secret)
    assert bytes(token.digest) not in (by_admin.secret.encode(), by_admin.secret[-32:].encode())


# ── roles that change ───────────────────────────────────────────────────────────────────────────────


def test_a_token_shrinks_with_its_owners_role(app: App, developer: User, by_developer: Program) -> None:
    give(developer, Role.SUPPORT)
    answer = by_developer.post(f"/apps/{app.id}/keys", {"name": "a", "scopes": ["grants:read"]})
    assert error(answer) == (403, "forbidden")


def test_a_token_does_not_grow_with_its_owners_role_beyond_what_was_asked(
    app: App, developer: User, of: Of
) -> None:
    program = of(developer, "dashboard_keys:read")
    give(developer, Role.ADMIN)
    assert error(program.get(f"/apps/{app.id}/members")) == (403, "forbidden")


def test_a_token_does_not_outlive_its_owners_membership(
    app: App, developer: User, by_developer: Program
) -> None:
    end(developer)
    assert error(by_developer.get(f"/apps/{app.id}")) == (404, "app_not_found")
    assert error(by_developer.get("/apps")) == (403, "forbidden")


# ── other tenants ───────────────────────────────────────────────────────────────────────────────────


def test_another_tenants_app_is_not_there(app: App, outsider: User, of: Of) -> None:
    program = of(outsider)
    for line in BELOW_AN_APP:
        assert ask(program, line, app_id=app.id) == (404, "app_not_found"), line


def test_an_app_that_nobody_has_is_not_there(by_admin: Program) -> None:
    for line in BELOW_AN_APP:
        for app_id in ("x", "%00", "..", "00000000-0000-7000-8000-000000000001"):
            response = ask(by_admin, line, app_id=app_id)
            assert response in ((404, "app_not_found"), (404, "not_found")), (line, app_id)


def test_a_key_of_another_app_is_not_there(app: App, other_app: App, by_admin: Program) -> None:
    theirs = minted(other_app).key
    for line in (line for line in PERMISSION if "<key_id>" in line):
        asked = {"name": "mine"} if line.startswith("PATCH") else body(line)
        answer = by_admin.send(*address(line, app_id=app.id, key_id=theirs.id), asked)
        assert error(answer) == (404, "key_not_found"), line


def test_an_agent_of_another_app_is_not_there(app: App, other_app: App, by_admin: Program) -> None:
    theirs = AgentFactory.create(app=other_app)
    for line in (line for line in PERMISSION if "<agent_id>" in line):
        assert ask(by_admin, line, app_id=app.id, agent_id=theirs.id) == (404, "agent_not_found"), line


def test_a_token_reaches_its_owners_apps_only(app: App, outsider: User, of: Of) -> None:
    assert named(of(outsider).get("/apps")) == ["elsewhere"]


# ── the record ──────────────────────────────────────────────────────────────────────────────────────


def test_an_act_is_the_tokens_and_names_its_owner(app: App, by_admin: Program) -> None:
    by_admin.post(f"/apps/{app.id}/keys", {"name": "a", "scopes": ["grants:read"]})
    act = last_act()
    assert by_admin.token
    assert (act.action, act.actor_kind, act.actor_id) == ("key.mint", "token", str(by_admin.token.id))
    assert act.actor_label == "Admin <admin@example.com> (ci)"


@pytest.mark.parametrize(("agent", "via"), [("curl/8.5", "api"), ("alter-cli/0.1 linux", "cli"), ("", "api")])
def test_an_act_says_which_face_was_used(app: App, by_admin: Program, agent: str, via: str) -> None:
    by_admin.agent = agent
    by_admin.patch(f"/apps/{app.id}", {"description": "Pays."})
    assert last_act().via == via


def test_an_act_has_the_id_that_its_answer_carries(app: App, by_admin: Program) -> None:
    answer = by_admin.patch(f"/apps/{app.id}", {"description": "Pays."})
    assert answer["X-Request-Id"] == last_act().request_id


def test_the_callers_own_request_id_is_kept(by_admin: Program) -> None:
    assert by_admin.send("GET", "/me", X_Request_Id="run-7")["X-Request-Id"] == "run-7"


def test_the_longest_names_fit_into_the_record(app: App, of: Of) -> None:
    user = member(Role.ADMIN, None, name="é" * 80, email=f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example.com")
    program = of(user, name="ü" * 80)
    answer = program.post(f"/apps/{app.id}/keys", {"name": "a", "scopes": ["grants:read"]})
    assert answer.status_code == 201 and len(answer.json()["minted_by"]) == 200


def test_what_is_refused_is_no_act(app: App, by_support: Program) -> None:
    acts = Event.objects.count()
    by_support.patch(f"/apps/{app.id}", {"description": "Pays."})
    assert Event.objects.count() == acts


def test_a_token_notes_its_use_once_a_minute(admin: User, of: Of) -> None:
    with at(NOON):
        program = of(admin)
        program.get("/me")
    with at(NOON + timedelta(seconds=30)):
        program.get("/me")
    assert AccessToken.objects.get().last_used_at == NOON


@pytest.mark.parametrize("line", ANY_TOKEN)
def test_any_token_will_do(of: Of, developer: User, line: str) -> None:
    assert ask(of(developer, "dashboard_audit:read"), line)[0] == 200
