"""Looks for people: by a piece of their name or address, and by what is the matter with their account."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from core.clock import now
from core.folding import code_point_order, contains_folded
from portal.auth.two_factor import with_factor
from portal.models import Membership, User

UNSEEN = timedelta(days=90)
FILTERS = ("no-factor", "no-role", "unseen", "closed")


def search_people(q: str = "", show: str = "") -> QuerySet[User]:
    """Those whose name or address holds `q`, and of them those of whom `show`, one of FILTERS, is true."""
    users = User.objects.order_by(*code_point_order("email"))
    if q := q.strip():
        users = users.filter(contains_folded(q, "email", "name"))
    if show == "no-factor":
        users = users.filter(is_active=True).exclude(pk__in=with_factor(User.objects.all()))
    elif show == "no-role":
        users = users.exclude(pk__in=Membership.objects.filter(ended_at=None).values("user"))
    elif show == "unseen":
        users = users.filter(Q(last_seen_at=None) | Q(last_seen_at__lt=now() - UNSEEN))
    elif show == "closed":
        users = users.filter(is_active=False)
    return users
