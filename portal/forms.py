"""Reads the forms about people, and the boxes that look for a key."""

from typing import Any

from django import forms

from audit.exploring.search import cut_to_prefix
from audit.values import ValuesForm
from keys.plaintext import is_well_formed
from portal.models import Invitation, Role

SHORTEST = 4
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


class FindForm(ValuesForm):
    """A prefix, the end of one, or a pasted key, which is cut to its prefix before anyone sees it again."""

    paste = forms.CharField(
        label="A prefix, its last eight characters, or a key",
        max_length=500,
        widget=forms.TextInput(attrs={"data-cut-keys": True, "spellcheck": "false", "autocomplete": "off"}),
        help_text="A pasted key is cut to its prefix at once; the rest is neither kept nor shown.",
    )

    def __init__(self, data: Any = None) -> None:
        pasted = str(data.get("paste", "")) if data is not None else ""
        self.was_whole = is_well_formed(pasted.strip())
        super().__init__({"paste": cut_to_prefix(pasted)} if data is not None else None)

    def clean_paste(self) -> str:
        """At least four characters, or everything would match."""
        paste: str = self.cleaned_data["paste"].strip()
        if len(paste) < SHORTEST:
            raise forms.ValidationError(f"Give at least {SHORTEST} characters.")
        return paste
