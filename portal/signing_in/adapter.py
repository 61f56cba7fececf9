"""Our word in django-allauth's sign-in: no one signs up by themselves, and coming and going is recorded."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from audit.actors import Actor, Origin
from audit.change import record
from audit.origins import origin_of
from audit.text import keepable
from portal import actions
from portal.models import User


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Hooks that allauth calls."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: people come by invitation."""
        return False

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """Called once a person is in."""
        record(_someone(user, request), actions.SIGN_IN, **_about(user))
        return super().post_login(request, user, **kwargs)

    def logout(self, request: HttpRequest) -> None:
        """Called before a person is out."""
        if isinstance(request.user, User):
            record(_someone(request.user, request), actions.SIGN_OUT, **_about(request.user))
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Called for a wrong password and for an unknown address alike."""
        email = keepable(str(credentials.get("email") or credentials.get("username") or ""), 200)
        stranger = Actor("person", "", email or "someone", frozenset(), origin_of(request.META, "page"))
        record(stranger, actions.FAIL_SIGN_IN, target_kind="person", target_id="", target_label=email)
        super().authentication_failed(request, **credentials)

    def set_password(self, user: User, password: str) -> None:
        """Called for a change and for a reset; the new password is hashed and never kept."""
        super().set_password(user, password)
        record(_someone(user, self.request), actions.CHANGE_PASSWORD, **_about(user))


def _someone(user: User, request: HttpRequest | None) -> Actor:
    origin = origin_of(request.META, "page") if request else Origin("shell")
    return Actor("person", str(user.pk), user.label, frozenset(), origin)


def _about(user: User) -> dict[str, str]:
    return {"target_kind": "person", "target_id": str(user.pk), "target_label": user.label}
