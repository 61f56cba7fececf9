"""The identity provider that people may sign in at: settings, read and judged. Imports no Django."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from core.hosts import parse_origin
from core.masking import mask_value
from portal.auth import role_mapping
from portal.auth.claims import described, values_of
from portal.auth.role_mapping import ROLES, Mapped
from portal.config.errors import Reading, WrongSetting

LOCAL = ("localhost", "127.0.0.1", "::1")
ID = "sso"
"""What the provider is called in addresses."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One OpenID Connect provider."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    mapped: tuple[Mapped, ...]
    only: bool
    """Whether the sign-in page offers nothing else."""

    def __repr__(self) -> str:
        return f"<Provider {self.issuer}>"

    def as_app(self) -> dict[str, Any]:
        """As django-allauth reads it."""
        return {
            "provider_id": ID,
            "name": self.name,
            "client_id": self.client_id,
            "secret": self.client_secret,
            "settings": {"server_url": self.issuer, "oauth_pkce_enabled": True},
        }

    def roles_of(self, claims: Mapping[str, Any]) -> dict[str, str]:
        """The name of an app, empty for every app, to the role that these claims mean there: the highest of them."""
        roles: dict[str, str] = {}
        for mapping in self.mapped:
            if mapping.value in values_of(claims.get(mapping.claim)):
                before = roles.get(mapping.app, ROLES[0])
                roles[mapping.app] = max(before, mapping.role, key=ROLES.index)
        return roles

    def missing(self, claims: Mapping[str, Any]) -> str:
        """What is wrong with the claims that the mapping reads: none of them there, or not texts. Empty: nothing."""
        names = dict.fromkeys(mapping.claim for mapping in self.mapped)
        odd = [
            f"the claim {name} is {described(claims.get(name))}"
            for name in names
            if not values_of(claims.get(name))
        ]
        return "; ".join(odd) if odd else ""

    @property
    def places(self) -> set[str]:
        """The apps whose roles the provider decides; empty for every app."""
        return {mapping.app for mapping in self.mapped}


def read(
    *, issuer: str, client_id: str, client_secret: str, name: str, roles: str, only: str
) -> Provider | None:
    """The provider the operator names, or None. Raises WrongSetting."""
    mapped = role_mapping.read(roles)
    if only.lower() not in ("", "true", "false"):
        raise WrongSetting(f"PORTAL_OIDC_ONLY is {mask_value(only)!r}: write true or false.")
    given = (issuer, client_id, client_secret)
    if not any(given) and only.lower() != "true":
        return None
    if not all(given):
        raise WrongSetting(
            "PORTAL_OIDC_ISSUER, PORTAL_OIDC_CLIENT_ID and PORTAL_OIDC_CLIENT_SECRET: set them together"
            " (PORTAL_OIDC_ONLY needs them, too)."
        )
    return Provider(
        _issuer(issuer), client_id, client_secret, name or "single sign-on", mapped, only.lower() == "true"
    )


def _issuer(given: str) -> str:
    with Reading(
        f"PORTAL_OIDC_ISSUER is {mask_value(given)!r}: write an https address, https://id.example.com."
    ):
        parts, origin = urlsplit(given), parse_origin(given)
        if (origin.scheme == "http" and origin.host not in LOCAL) or parts.query or parts.fragment:
            raise ValueError("not an https address")
    return given.rstrip("/")


def break_glass(email: str, provider: Provider | None) -> str:
    """The email of the one account that may use a password where the provider alone lets in. Raises WrongSetting."""
    email = email.lower()
    if email and not (provider and provider.only):
        raise WrongSetting(
            "PORTAL_BREAK_GLASS names who may use a password where PORTAL_OIDC_ONLY is true: "
            "set that, or leave this out."
        )
    if email and ("@" not in email.strip("@") or " " in email or "," in email):
        raise WrongSetting(
            f"PORTAL_BREAK_GLASS is {mask_value(email)!r}: write the email of one account, you@example.com."
        )
    return email
