"""manage.py mint_key takes what a script says as it is, or not at all: a list without a word is no list."""

from agents.models import App
from keys.models import ApiKey
from tests.shell import Said


def test_a_value_with_spaces_around_or_an_empty_word_is_refused(app: App) -> None:
    words = ("mint_key", "--app", str(app.id), "--name", "worker", "--scopes", "grants:read")
    for more in (
        ("--cidr", ","),
        ("--cidr", "203.0.113.0/24,"),
        ("--reason", " why"),
        ("--expires-at", "2027-W01-1"),
        ("--expires-at", "9999-12-31"),
    ):
        assert Said(*words, *more).code == 2, more
    assert Said(*words[:-1], "grants:read,").code == 2
    assert not ApiKey.objects.exists()
    assert Said(*words, "--cidr", "203.0.113.0/24, 198.51.100.0/24").code == 0
