"""The settings of an identity provider, read and judged."""

import pytest

from portal.auth.role_mapping import Mapped
from portal.config.errors import WrongSetting
from portal.config.identity_provider import Provider, read

HERE = {
    "issuer": "https://id.example.com/",
    "client_id": "alter",
    "client_secret": "hush",
    "name": "",
    "only": "",
}


def given(**other: str) -> Provider | None:
    return read(**{**HERE, "roles": "", **other})


def test_no_settings_are_no_provider() -> None:
    assert read(issuer="", client_id="", client_secret="", name="", roles="", only="") is None


def test_a_mapping_names_claim_value_role_and_app() -> None:
    provider = given(roles="groups:a b=admin, roles:dev=developer@checkout")
    assert provider
    assert provider.mapped == (
        Mapped("groups", "a b", "admin"),
        Mapped("roles", "dev", "developer", "checkout"),
    )


@pytest.mark.parametrize("roles", ["groups=admin", "groups:ops", "groups:ops=king", ":ops=admin"])
def test_a_mapping_that_cannot_be_read_says_how_to_write_it(roles: str) -> None:
    with pytest.raises(WrongSetting, match="claim:value=role"):
        given(roles=roles)


@pytest.mark.parametrize("issuer", ["http://id.example.com", "id.example.com", "https://id.example.com/?x=1"])
def test_an_issuer_is_an_https_address(issuer: str) -> None:
    with pytest.raises(WrongSetting, match="write an https address"):
        given(issuer=issuer)


def test_a_claim_is_one_text_or_a_list() -> None:
    provider = given(roles="role:ops=admin")
    assert provider
    assert provider.roles_of({"role": "ops"}) == provider.roles_of({"role": ["x", "ops"]}) == {"": "admin"}
    assert provider.roles_of({"role": 7}) == provider.roles_of({}) == {}


def test_its_secret_does_not_show() -> None:
    assert "hush" not in repr(given())
