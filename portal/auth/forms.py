"""django-allauth's forms of second factors and passkeys, which put what fails on record."""

from typing import Any

from allauth.account.forms import ResetPasswordForm, UserTokenForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as codes
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as passkeys
from django.core.exceptions import ValidationError

from portal import actions
from portal.auth.break_glass import only_provider
from portal.auth.login_events import record_failure, record_proof, record_repeated_failure
from portal.auth.totp_codes import use
from portal.error_responses import OnlyProvider
from portal.models import User


class ResetForm(ResetPasswordForm):  # type: ignore[misc]
    """An address that asks for another password."""

    def clean(self) -> dict[str, Any] | None:
        """Refuses all alike where passwords let nobody in. Raises OnlyProvider."""
        if only_provider():
            email = str(self.data.get("email", ""))
            why = "password reset is off"
            record_repeated_failure(context.request, None, why, email, key=email)
            raise OnlyProvider
        cleaned: dict[str, Any] | None = super().clean()
        return cleaned


class ResetLinkForm(UserTokenForm):  # type: ignore[misc]
    """The link of a mail by which a password is chosen."""

    def clean(self) -> dict[str, Any] | None:
        """Puts on record a link that leads nowhere any more. Raises ValidationError."""
        try:
            cleaned: dict[str, Any] | None = super().clean()
        except ValidationError:
            why = "reset link used or expired"
            key = str(self.cleaned_data.get("uidb36", ""))
            record_repeated_failure(context.request, self.reset_user, why, key=key)
            raise
        return cleaned


class NewPasskeyForm(passkeys.AddWebAuthnForm):  # type: ignore[misc]
    """A passkey to be added: one that lets in alone, unless its owner says otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True


class _Code:
    """Takes a code that was never used. Not as django-allauth does, which forgets after 30 seconds what it took."""

    user: User
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        """The code it is. Raises ValidationError."""
        try:
            forget_try = check_rate_limit(self.user)
        except ValidationError:
            record_repeated_failure(context.request, self.user, "too many codes", key=str(self.user.pk))
            raise
        code = str(self.cleaned_data["code"])
        authenticators = Authenticator.objects.filter(user=self.user).exclude(
            type=Authenticator.Type.WEBAUTHN
        )
        for authenticator in authenticators:
            if use(authenticator, code):
                authenticator.refresh_from_db()
                authenticator.user = self.user
                self.authenticator = authenticator
                forget_try()
                return code
        self._record_failure()
        raise get_adapter().validation_error("incorrect_code")

    def _record_failure(self) -> None:
        raise NotImplementedError


class CodeForm(_Code, codes.AuthenticateForm):  # type: ignore[misc]
    """A code at sign-in."""

    def _record_failure(self) -> None:
        record_failure(context.request, actions.FAIL_SIGN_IN, self.user, "wrong or used code")


class CodeAgainForm(_Code, codes.ReauthenticateForm):  # type: ignore[misc]
    """A code as a proof."""

    def _record_failure(self) -> None:
        record_failure(context.request, actions.FAIL_PROOF, self.user, "wrong or used code")

    def save(self) -> None:
        """Take it as a proof."""
        super().save()
        record_proof(context.request, self.user, "code")


class _Passkey:
    """Tells the record of a passkey that does not fit."""

    fails = actions.FAIL_SIGN_IN
    user: User | None

    def clean_credential(self) -> Any:
        """The credential it is. Raises ValidationError."""
        try:
            return super().clean_credential()  # type: ignore[misc]
        except ValidationError:
            record_failure(context.request, self.fails, self.user, "passkey not recognized")
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
            record_proof(context.request, self.user, "passkey")
