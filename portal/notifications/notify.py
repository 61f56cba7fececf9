"""tell(): the only way a notice comes to be. It asks how its reader wants to be told, and tells each thing once."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from agents.models import App
from core.clock import now
from keys.models import ApiKey
from portal.models import Membership, Notice, NoticeChoice, NoticeKind, Role, User

PERSONAL = (NoticeKind.ALARM, NoticeKind.SIGNED_IN, NoticeKind.ACCOUNT)
"""What is about a person, the portal or its record, not about a key."""
ADMINS_TOO = (NoticeKind.LEAKED,)
"""What goes to the admins of the app, whoever minted the key, unless they chose otherwise."""


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell, for whoever is told. `mark` names it: the same mark is told once to each reader."""

    kind: NoticeKind
    mark: str
    says: str
    """One sentence, never a secret."""
    to: str
    """The path of the page that sets it right."""
    more: str = ""
    app_id: UUID | None = None
    key_id: UUID | None = None
    event_id: UUID | None = None
    mail_to: str = ""
    """An address to mail it to, whatever its reader chose. Empty: their own, as they chose."""


def tell(news: News, users: Iterable[User]) -> int:
    """Tell each of `users` as they chose to be told; return how many were told now for the first time."""
    users = list(users)
    choices = {c.user_id: c for c in NoticeChoice.objects.filter(user__in=users, kind=news.kind)}
    notices = [_notice(news, user, choices.get(user.pk)) for user in users]
    wanted = [notice for notice in notices if notice.shown or notice.mail_due_at]
    before = Notice.objects.filter(mark=news.mark).count()
    Notice.objects.bulk_create(wanted, ignore_conflicts=True)
    return Notice.objects.filter(mark=news.mark).count() - before


def tell_of_key(news: News, key: ApiKey, but: str = "") -> int:
    """Tell those who answer for `key`, or chose to hear of every key of its app; not who has the id `but`."""
    people = readers(key.app, key.owner_id, news.kind)
    return tell(news, [one for one in people if str(one.pk) != but])


def admins(app_id: UUID | None) -> list[User]:
    """Those who administer an app, and those who administer every app."""
    members = Membership.objects.filter(Q(app_id=app_id) | Q(app=None), role=Role.ADMIN, ended_at=None)
    return list(
        {
            one.user_id: one.user for one in members.filter(user__is_active=True).select_related("user")
        }.values()
    )


def readers(app: App, owner_id: UUID | None, kind: NoticeKind) -> list[User]:
    """Who is told of a key of `app`: its owner, those who chose so, and admins if nobody else answers for it."""
    members = Membership.objects.filter(Q(app=app) | Q(app=None), ended_at=None, user__is_active=True)
    people = {member.user_id: member.user for member in members.select_related("user")}
    wants_all = NoticeChoice.objects.filter(user__in=people, kind=kind, reach=NoticeChoice.Reach.ALL)
    chosen = {choice.user_id for choice in wants_all}
    if owner_id in people:
        chosen.add(owner_id)
    if owner_id not in people or kind in ADMINS_TOO:
        chosen |= {member.user_id for member in members if member.role == Role.ADMIN}
    return [people[user_id] for user_id in chosen]


def _notice(news: News, user: User, choice: NoticeChoice | None) -> Notice:
    return Notice(
        user=user,
        kind=news.kind,
        mark=news.mark,
        app_id=news.app_id,
        key_id=news.key_id,
        event_id=news.event_id,
        says=news.says[:300],
        more=news.more[:500],
        to=news.to,
        mail_to=news.mail_to,
        shown=not news.mail_to and (choice.in_portal if choice else True),
        mail_due_at=now()
        if settings.SENDS_MAIL and (news.mail_to or choice is None or choice.by_mail)
        else None,
    )
