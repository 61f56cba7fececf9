"""Reads the forms about people into plain values."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django import forms

from agents.models import OnLeak
from core.forms import QueryForm, ReasonForm, ValuesForm
from keys.web.forms import OnceField
from portal.accounts.offboarding import Owned, Wishes
from portal.models import Invitation, Role, User

ROLES = [
    (Role.DEVELOPER, "Developer: mints, rotates and deprecates keys"),
    (Role.SUPPORT, "Support: finds and ends a lost key"),
    (Role.ADMIN, "Admin: all of it, and members and settings"),
]


class InviteForm(ValuesForm):
    """Whom to let in, as what, and how far."""

    once = OnceField()
    email = forms.CharField(
        label="E-mail address",
        max_length=254,
        required=False,
        widget=forms.EmailInput,
        help_text="Empty: a link for whoever opens it first; not for admins.",
    )
    role = forms.ChoiceField(choices=ROLES, initial=Role.DEVELOPER, widget=forms.RadioSelect)
    everywhere = forms.BooleanField(label="On every app, those to come included", required=False)


class RoleForm(ValuesForm):
    """Another role."""

    role = forms.ChoiceField(choices=Role.choices)


class LeaveForm(ReasonForm):
    """What becomes of what a leaver answers for."""

    revoke = forms.MultipleChoiceField(
        label="Keys to revoke", required=False, widget=forms.CheckboxSelectMultiple
    )
    hand_to = forms.ChoiceField(label="The keys that stay are handed to", required=False)
    force = forms.BooleanField(label="Even if an agent is left without an active key", required=False)

    def __init__(self, *args: Any, owned: Sequence[Owned], heirs: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heirs = {str(user.pk): user for user in heirs}
        self.owned = owned
        choice(self, "revoke").choices = [(str(one.key.id), one.key.name) for one in owned]
        choice(self, "hand_to").choices = [
            ("", "nobody"),
            *((pk, user.label) for pk, user in self._heirs.items()),
        ]

    def ticked(self) -> set[str]:
        """The ids of the keys that are to be revoked, as they stand in the form: at first those nobody calls."""
        if self.is_bound:
            return set(self["revoke"].value() or ())
        return {str(one.key.id) for one in self.owned if not one.in_use and not one.is_last_active}

    def wishes(self) -> Wishes:
        """For the verb, once the form is valid."""
        data = self.cleaned_data
        return Wishes(
            revoke={UUID(one) for one in data["revoke"]},
            hand_to=self._heirs.get(data["hand_to"]),
            force=data["force"],
        )


class EmailForm(ReasonForm):
    """Another address."""

    email = forms.CharField(label="New e-mail address", max_length=254, widget=forms.EmailInput)


class NameForm(ValuesForm):
    """What someone wants to be called."""

    name = forms.CharField(label="Your name", max_length=200, required=False)


class PolicyForm(ReasonForm):
    """The security settings."""

    second_factor = forms.BooleanField(label="Require 2FA for all users", required=False)
    on_leaked_token = forms.ChoiceField(
        label="When an access token is reported",
        choices=[(OnLeak.REVOKE, "Revoke and notify owner"), (OnLeak.NOTIFY, "Notify owner only")],
        widget=forms.RadioSelect,
    )
    public_docs = forms.BooleanField(label="Allow reading the docs without signing in", required=False)


class PeopleForm(QueryForm):
    """The filters of the list of people, in the address."""

    SHOW = (
        ("", "Everyone"),
        ("no-factor", "No second factor"),
        ("no-role", "No role"),
        ("unseen", "Not seen for 90 days"),
        ("closed", "Closed accounts"),
    )

    q = forms.CharField(label="Name or address", required=False, max_length=100)
    show = forms.ChoiceField(label="Show", required=False, choices=SHOW)


def choice(form: forms.Form, name: str) -> forms.ChoiceField:
    """A field of `form` that offers choices."""
    return cast(forms.ChoiceField, form.fields[name])


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
