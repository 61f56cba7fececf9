"""Reads the forms about people into plain values."""

from typing import Any

from django import forms

from audit.values import ValuesForm
from portal.models import Invitation, Role

ROLES = [
    (Role.DEVELOPER, "Developer: mints, rotates and deprecates keys"),
    (Role.SUPPORT, "Support: finds and ends a lost key"),
    (Role.ADMIN, "Admin: all of it, and members and settings"),
]


class InviteForm(ValuesForm):
    """Whom to let in, as what, and how far."""

    email = forms.CharField(label="E-mail address", max_length=254, widget=forms.EmailInput)
    role = forms.ChoiceField(choices=ROLES, initial=Role.DEVELOPER, widget=forms.RadioSelect)
    everywhere = forms.BooleanField(label="On every app, those to come included", required=False)


class RoleForm(ValuesForm):
    """Another role."""

    role = forms.ChoiceField(choices=Role.choices)


class JoinForm(ValuesForm):
    """Who is coming in."""

    name = forms.CharField(
        label="Your name",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.CharField(
        label="E-mail address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters, not one that many others use.",
    )

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if invitation.email:
            self.fields["email"].disabled = True
            self.initial["email"] = invitation.email
