"""The verbs of access tokens: issued, known again, ended; and the sign-in of a program in two halves."""

import base64
import hashlib
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from agents.models import App
from audit.actors import Actor, shell
from audit.models import Event
from core.clock import at, now
from core.errors import Invalid
from keyformat.grammar import is_token
from keys.errors import AlreadyMinted
from portal.error_responses import InvalidGrant, InvalidToken, TokenExpired
from portal.models import AccessToken, Authorization, Role, User
from portal.models.users import note_of
from portal.roles import DEVELOPER, EVERYTHING, SUPPORT
from portal.tokens import lifecycle
from tests.factories import issued, member

Acting = Callable[[User, App | None], Actor]

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def yes(user: User, challenge: str = CHALLENGE) -> str:
    return lifecycle.authorize(user, name="alter", permissions=["all"], challenge=challenge)


# ── issue ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_has_the_shape_of_one(developer: User) -> None:
    assert is_token(issued(developer).plaintext.take())


def test_a_token_is_known_by_its_prefix_and_a_digest_alone(developer: User) -> None:
    made = issued(developer)
    secret = made.plaintext.take()
    assert made.token.prefix == secret[:18]
    assert secret[18:] not in str(AccessToken.objects.values().get())


def test_an_issue_is_on_record_without_its_secret(developer: User, acting: Acting) -> None:
    made = lifecycle.issue(acting(developer, None), developer, name="ci", permissions=["dashboard_keys:read"])
    event = Event.objects.get(action="access-token.issue")
    assert (event.actor_label, event.target_label, event.key_prefix) == (
        developer.label,
        "ci",
        made.token.prefix,
    )
    assert made.plaintext.take()[18:] not in str(event.changes)


def test_no_app_has_it_in_its_own_record(developer: User) -> None:
    issued(developer)
    assert Event.objects.get(action="access-token.issue").app_id is None


@pytest.mark.parametrize(
    ("name", "permissions", "field"),
    [("", ["all"], "name"), ("ci", [], "permissions"), ("ci", ["all", "dashboard_keys:read"], "permissions")],
)
def test_what_cannot_be_taken_issues_nothing(
    developer: User, name: str, permissions: list[str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        issued(developer, *permissions or [" "], name=name)
    assert (refused.value.field, AccessToken.objects.count()) == (field, 0)


def test_every_unknown_permission_is_named(developer: User) -> None:
    with pytest.raises(Invalid, match="'keys:read', 'dashboard_keys:own' are not permissions"):
        issued(developer, "keys:read", "dashboard_keys:read", "dashboard_keys:own")


@pytest.mark.parametrize("moment", [timedelta(seconds=-1), timedelta(days=3660)])
def test_it_ends_ahead_and_within_ten_years(developer: User, moment: timedelta) -> None:
    with pytest.raises(Invalid):
        issued(developer, expires_at=now() + moment)


def test_one_form_issues_one_token(developer: User) -> None:
    issued(developer, once="form-1")
    with pytest.raises(AlreadyMinted):
        issued(developer, once="form-1")
    assert developer.access_tokens.count() == 1


def test_another_person_may_have_the_same_mark(developer: User, support: User) -> None:
    issued(developer, once="form-1")
    assert issued(support, once="form-1").token.user == support


def test_the_living_ones_are_counted(developer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "MAX_TOKENS", 2)
    for _ in range(2):
        issued(developer)
    with pytest.raises(Invalid, match="2 active tokens"):
        issued(developer)


def test_ended_ones_are_not_counted(developer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "MAX_TOKENS", 2)
    lifecycle.revoke(shell(), issued(developer).token)
    issued(developer, expires_at=now() + timedelta(hours=1))
    issued(developer)
    with at(now() + timedelta(hours=2)):
        assert issued(developer).token.status == "active"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_issues_one_token(developer: User) -> None:
    together, said = Barrier(2), []

    def send() -> None:
        together.wait()
        try:
            said.append(issued(developer, once="form-1").token.name)
        except AlreadyMinted as refused:
            said.append(refused.code)
        finally:
            connection.close()

    both = [Thread(target=send) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(said) == ["already_minted", "ci"]


# ── recognise ───────────────────────────────────────────────────────────────────────────────────────


def test_a_living_token_is_known_again(developer: User) -> None:
    made = issued(developer)
    assert lifecycle.authenticate(made.plaintext.take()) == made.token


@pytest.mark.parametrize("presented", ["", "alter_pat_", "alter_key_app_x", "alter_pat_" + "A" * 40])
def test_what_was_never_issued_is_not_known(db: None, presented: str) -> None:
    with pytest.raises(InvalidToken):
        lifecycle.authenticate(presented)


def test_an_expired_one_says_so(developer: User) -> None:
    made = issued(developer, expires_at=now() + timedelta(days=1))
    with at(now() + timedelta(days=1, seconds=1)), pytest.raises(TokenExpired):
        lifecycle.authenticate(made.plaintext.take())


def test_it_ends_with_its_owner(developer: User) -> None:
    made = issued(developer)
    note_of(developer, is_active=False)
    with pytest.raises(InvalidToken):
        lifecycle.authenticate(made.plaintext.take())


def test_use_is_noted_once_a_minute(developer: User) -> None:
    made, first = issued(developer), now()
    secret = made.plaintext.take()
    for later in (0, 59, 61):
        with at(first + timedelta(seconds=later)):
            lifecycle.authenticate(secret)
    made.token.refresh_from_db()
    assert made.token.last_used_at == first + timedelta(seconds=61)


# ── revoke ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_revoked_token_is_not_known(developer: User, acting: Acting) -> None:
    made = issued(developer)
    lifecycle.revoke(acting(developer, None), made.token, "left in a log")
    with pytest.raises(InvalidToken):
        lifecycle.authenticate(made.plaintext.take())


def test_a_revocation_is_on_record_with_its_reason(developer: User, acting: Acting) -> None:
    lifecycle.revoke(acting(developer, None), issued(developer).token, "left in a log")
    event = Event.objects.get(action="access-token.revoke")
    assert (event.reason, event.changes) == ("left in a log", {"revoked": [False, True]})


def test_the_second_revocation_is_no_event(developer: User, acting: Acting) -> None:
    token, actor = issued(developer).token, acting(developer, None)
    lifecycle.revoke(actor, token)
    lifecycle.revoke(actor, token)
    assert Event.objects.filter(action="access-token.revoke").count() == 1


# ── may ─────────────────────────────────────────────────────────────────────────────────────────────


def test_all_is_cut_to_the_role(developer: User) -> None:
    assert lifecycle.effective_permissions(issued(developer).token, DEVELOPER) == DEVELOPER


def test_a_tier_brings_the_lower_ones_along_but_not_beyond_the_role(support: User) -> None:
    token = issued(support, "dashboard_keys:admin").token
    assert lifecycle.effective_permissions(token, SUPPORT) == {"dashboard_keys:read", "dashboard_keys:admin"}


def test_what_was_not_asked_for_is_not_granted_by_a_role(app: App) -> None:
    token = issued(member(Role.ADMIN, app), "dashboard_apps:delete").token
    assert lifecycle.effective_permissions(token, frozenset(EVERYTHING)) == {"dashboard_apps:delete"}


# ── authorize and redeem ────────────────────────────────────────────────────────────────────────────


def test_a_yes_is_redeemed_by_whoever_knows_the_verifier(developer: User) -> None:
    granted = lifecycle.redeem(yes(developer), VERIFIER)
    assert (granted.user, granted.name, granted.permissions) == (developer, "alter", sorted(DEVELOPER))


def test_a_code_works_once(developer: User) -> None:
    code = yes(developer)
    lifecycle.redeem(code, VERIFIER)
    with pytest.raises(InvalidGrant):
        lifecycle.redeem(code, VERIFIER)


def test_a_code_is_used_up_by_a_wrong_verifier(developer: User) -> None:
    code = yes(developer)
    for verifier in ("w" * 43, VERIFIER):
        with pytest.raises(InvalidGrant):
            lifecycle.redeem(code, verifier)


def test_a_code_is_good_for_a_minute(developer: User) -> None:
    code = yes(developer)
    with at(now() + timedelta(seconds=61)), pytest.raises(InvalidGrant):
        lifecycle.redeem(code, VERIFIER)


def test_an_old_yes_is_forgotten_with_the_next(developer: User) -> None:
    yes(developer)
    with at(now() + timedelta(seconds=61)):
        yes(developer)
    assert Authorization.objects.count() == 1


def test_a_code_ends_with_its_owner(developer: User) -> None:
    code = yes(developer)
    note_of(developer, is_active=False)
    with pytest.raises(InvalidGrant):
        lifecycle.redeem(code, VERIFIER)


def test_a_code_is_kept_as_a_digest_alone(developer: User) -> None:
    code = yes(developer)
    assert code not in str(Authorization.objects.values().get())


@pytest.mark.parametrize("challenge", ["", "short", "=" * 43, CHALLENGE + "="])
def test_a_challenge_is_a_sha256_in_base64url(developer: User, challenge: str) -> None:
    with pytest.raises(Invalid):
        yes(developer, challenge)
