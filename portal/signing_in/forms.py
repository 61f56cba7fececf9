"""django-allauth's forms of second factors and passkeys, which put what fails on record."""

from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as codes
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as passkeys
from django.core.exceptions import ValidationError

from portal import actions
from portal.models import User
from portal.signing_in.attempts import failed, proved


class NewPasskeyForm(passkeys.AddWebAuthnForm):  # type: ignore[misc]
    """A passkey to be added: one that lets in alone, unless its owner says otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True


class CodeForm(codes.AuthenticateForm):  # type: ignore[misc]
    """A code at sign-in."""

    def _emit_authentication_failed(self, authenticator: Authenticator) -> None:
        failed(context.request, actions.FAIL_SIGN_IN, self.user, "a wrong code")
        super()._emit_authentication_failed(authenticator)


class CodeAgainForm(codes.ReauthenticateForm):  # type: ignore[misc]
    """A code as a proof."""

    def _emit_authentication_failed(self, authenticator: Authenticator) -> None:
        failed(context.request, actions.FAIL_PROOF, self.user, "a wrong code")
        super()._emit_authentication_failed(authenticator)

    def save(self) -> None:
        """Take it as a proof."""
        super().save()
        proved(context.request, self.user, "code")


class _Passkey:
    """Tells the record of a passkey that does not fit."""

    fails = actions.FAIL_SIGN_IN
    user: User | None

    def clean_credential(self) -> Any:
        """The credential it is. Raises ValidationError."""
        try:
            return super().clean_credential()  # type: ignore[misc]
        except ValidationError:
            failed(context.request, self.fails, self.user, "a passkey that does not fit")
            raise


class PasskeyForm(_Passkey, passkeys.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey after the password."""


class PasskeyAloneForm(_Passkey, passkeys.LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey in place of a password."""


class PasskeyAgainForm(_Passkey, passkeys.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey as a proof."""

    fails = actions.FAIL_PROOF

    def save(self) -> None:
        """Take it as a proof."""
        super().save()
        if self.user:
            proved(context.request, self.user, "passkey")
