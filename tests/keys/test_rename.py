"""Renaming: what people call a key changes, and nothing else."""

import pytest

from agents.models import App
from audit.actors import shell
from core.errors import Invalid
from keys import lifecycle
from tests.factories import minted
from tests.keys.asking import acts, again, ask, opened, said


def test_a_key_gets_another_name(app: App) -> None:
    key = minted(app, name="worker").key
    lifecycle.rename(shell(), key, " refund\u00a0worker ")

    assert again(key).name == "refund worker"


def test_its_event_tells_the_name_before_and_after(app: App) -> None:
    key = minted(app, name="worker").key
    lifecycle.rename(shell(), key, "refunds")

    event = acts(key)[-1]
    assert (event.action, event.changes) == ("key.rename", {"name": ["worker", "refunds"]})


def test_the_secret_is_untouched(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.rename(shell(), key, "refunds")

    assert ask(secret).status_code == 200


def test_the_same_name_again_is_no_event(app: App) -> None:
    key = minted(app, name="worker").key
    lifecycle.rename(shell(), key, " worker ")

    assert said(key) == ["key.mint"]


def test_a_revoked_key_can_still_be_given_a_name_to_be_found_by(app: App) -> None:
    key = minted(app).key
    lifecycle.revoke(shell(), key)
    lifecycle.rename(shell(), key, "leaked in May")

    assert again(key).name == "leaked in May"


@pytest.mark.parametrize("name", ["", " \n", "x" * 81, "a\0b", "a\u202eb", "\u0440ayments"])
def test_a_bad_name_is_refused(app: App, name: str) -> None:
    key = minted(app, name="worker").key

    with pytest.raises(Invalid):
        lifecycle.rename(shell(), key, name)
    assert again(key).name == "worker"


def test_renaming_touches_nothing_that_changed_meanwhile(app: App) -> None:
    key = minted(app).key
    lifecycle.revoke(shell(), again(key))
    lifecycle.rename(shell(), key, "refunds")

    assert again(key).status == "revoked"
