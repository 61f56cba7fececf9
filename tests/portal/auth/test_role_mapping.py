"""PORTAL_OIDC_ROLES says every name there is: those with separators as JSON, and none is passed over in silence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.auth.role_mapping import ROLES, Mapped, read
from portal.config.errors import WrongSetting
from portal.config.identity_provider import read as read_provider

NAMES = st.text(min_size=1, max_size=12)


def test_the_short_form_is_taken_where_it_can_be_read_in_one_way() -> None:
    assert read("groups:platform=admin,groups:a=b=support , roles:dev=developer@x:y@z") == (
        Mapped("groups", "platform", "admin"),
        Mapped("groups", "a=b", "support"),
        Mapped("roles", "dev", "developer", "x:y@z"),
    )
    assert read("") == read(" , ") == ()


@pytest.mark.parametrize(
    "setting",
    [
        "cognito:groups:platform=support",
        "https://example.com/roles:admin=admin",
        "groups:a=admin@x=support",
    ],
)
def test_what_can_be_read_in_several_ways_is_refused_with_the_form_that_can_say_it(setting: str) -> None:
    with pytest.raises(WrongSetting, match=r'more than one way.*JSON: \{"claim"'):
        read(setting)


def test_json_says_names_with_separators() -> None:
    told = [
        {"claim": "cognito:groups", "roles": {"platform": "support", "A, B": ["admin", "developer@C, D=E"]}},
        {"claim": "https://example.com/roles", "roles": {"admin": "admin"}},
    ]
    assert read(json.dumps(told)) == (
        Mapped("cognito:groups", "platform", "support"),
        Mapped("cognito:groups", "A, B", "admin"),
        Mapped("cognito:groups", "A, B", "developer", "C, D=E"),
        Mapped("https://example.com/roles", "admin", "admin"),
    )


@given(NAMES, NAMES, st.sampled_from(ROLES), NAMES.filter(str.strip))
def test_any_name_can_be_said(claim: str, value: str, role: str, app: str) -> None:
    mapping = json.dumps({"claim": claim, "roles": {value: f"{role}@{app}"}})
    assert read(mapping) == (Mapped(claim, value, role, app),)
    provider = read_provider(
        issuer="https://id.example.com", client_id="c", client_secret="s", name="", roles=mapping, only=""
    )
    assert provider
    assert provider.roles_of({claim: [value]}) == provider.roles_of({claim: value}) == {app: role}


WRONG = {
    '{"claim": "groups"': "this is no JSON",
    "[1]": 'an object with "claim" and "roles"',
    '{"claim": "groups", "role": {"a": "admin"}}': 'an object with "claim" and "roles"',
    '{"claim": 7, "roles": {"a": "admin"}}': '"claim" must be the name of a claim, and is 7',
    '{"claim": "", "roles": {"a": "admin"}}': '"claim" must be the name of a claim, and is ""',
    '{"claim": "groups", "roles": ["a"]}': "must be an object of values",
    '{"claim": "groups", "roles": {}}': "must be an object of values",
    '{"claim": "groups", "roles": {"": "admin"}}': "has an empty value",
    '{"claim": "groups", "roles": {"a": "king"}}': 'means "king", which is no role',
    '{"claim": "groups", "roles": {"a": []}}': "means [], which is no role",
    '{"claim": "groups", "roles": {"a": "admin@"}}': 'means "admin@", which is no role',
    '{"claim": "groups", "roles": {"a": "admin", "a": "support"}}': "a name stands twice",
    "groups:A, B=admin": "cannot be read",
    "groups:=admin": "cannot be read",
    "groups:ops=admin@": "cannot be read",
}


@pytest.mark.parametrize(("setting", "sentence"), WRONG.items())
def test_what_is_wrong_is_said(setting: str, sentence: str) -> None:
    with pytest.raises(WrongSetting) as error:
        read(setting)
    assert sentence in str(error.value)
    assert "A role is developer, support, admin." in str(error.value)
