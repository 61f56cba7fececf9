"""Gateways are created, rotated and retired on record, and each secret counts as long as it should."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from agents.models import App
from audit.actors import Actor, shell
from audit.models import Event
from core.clock import at, now
from core.errors import Invalid, NotAllowed, NotFound, Refusal
from keyformat.grammar import is_gateway_secret
from keys.gateways.lifecycle import create, find, retire, rotate
from keys.gateways.models import Gateway, GatewayUse
from portal.models import User
from tests.keys.asking import ask

pytestmark = pytest.mark.django_db


def knows(secret: str) -> Any:
    """Whether the door takes it for a gateway's."""
    headers = {"X-Alter-Gateway": secret, "X-Original-Method": "GET", "X-Original-URI": "/orders"}
    return ask(headers=headers).json()["error"] != "gateway_unknown"


def test_a_new_gateway_has_a_secret_of_its_own_shape_which_is_kept_as_a_digest() -> None:
    issued = create(shell(), "edge", "original")
    secret = issued.plaintext.take()
    assert is_gateway_secret(secret)
    assert knows(secret)
    assert secret[-20:] not in str(Gateway.objects.values().get())
    event = Event.objects.get(action="gateway.create")
    assert (event.target_label, event.actor_kind) == ("edge", "shell")
    assert secret[-20:] not in str(Event.objects.values().get())


def test_a_rotated_secret_is_taken_for_its_overlap_and_no_longer() -> None:
    issued = create(shell(), "edge", "original")
    old, new = issued.plaintext.take(), rotate(shell(), find("edge")).plaintext.take()
    assert (knows(old), knows(new)) == (True, True)
    with at(now() + timedelta(minutes=59)):
        assert knows(old)
    with at(now() + timedelta(minutes=61)):
        assert (knows(old), knows(new)) == (False, True)
    last = rotate(shell(), find("edge"), overlap=timedelta(0)).plaintext.take()
    assert [knows(one) for one in (old, new, last)] == [False, False, True]
    assert Event.objects.filter(action="gateway.rotate").count() == 2


def test_a_retired_gateway_is_known_no_more_and_its_name_is_free() -> None:
    issued = create(shell(), "edge", "original")
    retire(shell(), issued.gateway)
    assert not knows(issued.plaintext.take())
    assert knows(create(shell(), "edge", "forwarded").plaintext.take()) is True
    with pytest.raises(Refusal):
        rotate(shell(), issued.gateway)
    with pytest.raises(Refusal):
        retire(shell(), issued.gateway)


def test_what_cannot_be_created_is_refused_and_leaves_nothing() -> None:
    create(shell(), "edge", "original")
    for name, pair, code in (
        ("edge", "original", "gateway_exists"),
        ("", "original", "validation_error"),
        ("Edge", "original", "validation_error"),
        ("-edge", "original", "validation_error"),
        ("e" * 41, "original", "validation_error"),
        ("other", "both", "validation_error"),
    ):
        with pytest.raises(Refusal) as refused:
            create(shell(), name, pair)
        assert refused.value.code == code, (name, pair)
    assert Gateway.objects.count() == 1
    for overlap in (timedelta(seconds=-1), timedelta(days=31)):
        with pytest.raises(Invalid):
            rotate(shell(), find("edge"), overlap=overlap)


def test_only_who_holds_the_whole_portal_may(
    app: App, developer: User, outsider: User, other_app: App, acting: Callable[[User, App | None], Actor]
) -> None:
    gateway = create(shell(), "edge", "original").gateway
    for actor in (acting(developer, app), acting(outsider, other_app)):
        creating = partial(create, actor, "other", "original")
        for act in (creating, partial(rotate, actor, gateway), partial(retire, actor, gateway)):
            with pytest.raises((NotAllowed, NotFound)):
                act()
    assert Event.objects.filter(action__startswith="gateway.").count() == 1


def test_rotation_begins_anew_to_note_what_is_seen() -> None:
    gateway = create(shell(), "edge", "original").gateway
    GatewayUse.objects.create(gateway=gateway, seen_at=now())
    rotate(shell(), gateway)
    use = GatewayUse.objects.get()
    assert use.seen_at is None
    assert use.previous_seen_at is not None
