"""Reads the forms about people into plain values."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django import forms

from agents.models import OnLeak
from core.forms import QueryForm, ReasonForm, ValuesForm
from keys.web.forms import OnceField
from portal.accounts.offboarding import OffboardingPlan, OwnedKey
from portal.models import Invitation, Role, User

ROLES = [
    (Role.DEVELOPER, "Developer: mint, rotate and deprecate keys"),
    (Role.SUPPORT, "Support: look up and revoke keys"),
    (Role.ADMIN, "Admin: all permissions"),
]


class InviteForm(ValuesForm):
    """An invitation: email, role, and whether it is for all apps."""

    once = OnceField()
    email = forms.CharField(
        label="Email",
        max_length=254,
        required=False,
        widget=forms.EmailInput,
        help_text="Leave empty for a single-use link (not for admins).",
    )
    role = forms.ChoiceField(choices=ROLES, initial=Role.DEVELOPER, widget=forms.RadioSelect)
    everywhere = forms.BooleanField(label="All current and future apps", required=False)


class RoleForm(ValuesForm):
    """A member's new role."""

    role = forms.ChoiceField(choices=Role.choices)


class LeaveForm(ReasonForm):
    """What happens to the keys of a member who is removed."""

    revoke = forms.MultipleChoiceField(
        label="Keys to revoke", required=False, widget=forms.CheckboxSelectMultiple
    )
    hand_to = forms.ChoiceField(label="Transfer ownership to", required=False)
    force = forms.BooleanField(label="Allow leaving an agent with no active key", required=False)

    def __init__(
        self, *args: Any, owned: Sequence[OwnedKey], candidates: Sequence[User], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._candidates = {str(user.pk): user for user in candidates}
        self.owned = owned
        choice(self, "revoke").choices = [(str(item.key.id), item.key.name) for item in owned]
        choice(self, "hand_to").choices = [
            ("", "No one"),
            *((pk, user.label) for pk, user in self._candidates.items()),
        ]

    def selected_keys(self) -> set[str]:
        """The ids of the keys to revoke, as selected in the form; by default those not in use."""
        if self.is_bound or "revoke" in self.initial:
            return set(self["revoke"].value() or ())
        return {str(item.key.id) for item in self.owned if not item.in_use and not item.is_last_active}

    def plan(self) -> OffboardingPlan:
        """For the verb, once the form is valid."""
        data = self.cleaned_data
        return OffboardingPlan(
            revoke={UUID(item) for item in data["revoke"]},
            hand_to=self._candidates.get(data["hand_to"]),
            force=data["force"],
        )


class EmailForm(ReasonForm):
    """A user's new email."""

    email = forms.CharField(label="New email", max_length=254, widget=forms.EmailInput)


class NameForm(ValuesForm):
    """The display name of the signed-in user."""

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


class UserFilterForm(QueryForm):
    """The filters of the list of users, in the query string."""

    SHOW = (
        ("", "All users"),
        ("no-factor", "Without 2FA"),
        ("no-role", "Without a role"),
        ("unseen", "Not seen for 90 days"),
        ("closed", "Deactivated"),
    )

    q = forms.CharField(label="Name or email", required=False, max_length=100)
    show = forms.ChoiceField(label="Filter", required=False, choices=SHOW)


class MemberFilterForm(QueryForm):
    """The filters of an app's members, in the query string."""

    q = forms.CharField(label="Name or email", required=False, max_length=100)
    role = forms.ChoiceField(label="Role", required=False, choices=[("", "All roles"), *Role.choices])


class InvitationFilterForm(QueryForm):
    """The search of an app's pending invitations, in the query string."""

    q = forms.CharField(label="Email", required=False, max_length=100)


def choice(form: forms.Form, name: str) -> forms.ChoiceField:
    """A field of `form` that offers choices."""
    return cast(forms.ChoiceField, form.fields[name])


class JoinForm(ValuesForm):
    """The account of someone who accepts an invitation."""

    name = forms.CharField(
        label="Your name",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.CharField(
        label="Email", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. Common passwords are rejected.",
    )

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if invitation.email:
            self.fields["email"].disabled = True
            self.initial["email"] = invitation.email
