"""The pages of what one is told."""

from typing import Any

import pytest
from django.test import Client

from agents.models import App
from portal.models import Notice, NoticeChoice, NoticeKind, User
from portal.notifications.notify import News, tell
from portal.notifications.preferences import wishes_of
from tests.portal.pages import text


def notice(user: User, mark: str = "one", to: str = "/docs/") -> Notice:
    tell(News(NoticeKind.REVOKED, mark, "Admin revoked worker.", to), [user])
    return Notice.objects.get(user=user, mark=mark)


@pytest.fixture
def mine(app: App, developer: User, signed_in: Any) -> Client:
    return signed_in(developer)  # type: ignore[no-any-return]


def test_the_bell_counts_what_is_unread(developer: User, mine: Client) -> None:
    assert " unread" not in text(mine.get("/"))
    for n in range(11):
        notice(developer, str(n))
    assert "<b>9+" in text(mine.get("/"))


def test_a_notice_leads_where_it_says_and_counts_as_read(developer: User, mine: Client) -> None:
    one = notice(developer)
    assert mine.get(f"/notices/{one.id}/")["Location"] == "/docs/"
    assert Notice.objects.get(pk=one.pk).read_at is not None


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "javascript:alert(1)", "/\\evil"])
def test_a_notice_leads_nowhere_else(developer: User, mine: Client, to: str) -> None:
    assert mine.get(f"/notices/{notice(developer, to=to).id}/")["Location"] == "/notices/"


def test_nobody_reads_the_notices_of_another(support: User, mine: Client) -> None:
    one = notice(support)
    assert mine.get(f"/notices/{one.id}/").status_code == 404
    assert "revoked worker" not in text(mine.get("/notices/"))


def test_all_are_marked_as_read(developer: User, mine: Client) -> None:
    notice(developer)
    mine.post("/notices/read/")
    assert not Notice.objects.filter(read_at=None).exists()


def test_the_list_is_cut_to_a_kind(developer: User, mine: Client) -> None:
    notice(developer)
    assert len(mine.get("/notices/?kind=key-revoked").context["list"].rows) == 1
    assert len(mine.get("/notices/?kind=signed-in").context["list"].rows) == 0


def test_what_is_ticked_is_what_one_is_told(developer: User, mine: Client) -> None:
    mine.post("/account/notices/", {"tick": ["key-revoked:portal", "key-expired:all", "signed-in:all"]})
    wishes = wishes_of(developer)
    assert (wishes[NoticeKind.REVOKED].in_portal, wishes[NoticeKind.REVOKED].by_mail) == (True, False)
    assert wishes[NoticeKind.EXPIRED].every_key
    assert not wishes[NoticeKind.SIGNED_IN].every_key
    assert NoticeChoice.objects.filter(user=developer).count() == len(NoticeKind)


def test_a_notice_that_is_for_the_mail_alone_is_not_listed(developer: User, mine: Client) -> None:
    one = notice(developer)
    Notice.objects.filter(pk=one.pk).update(shown=False)
    assert "revoked worker" not in text(mine.get("/notices/"))
