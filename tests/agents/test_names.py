"""The language of names: what people may call things, and which names they would take for one."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.names import parse_agent_name, parse_name, sameness
from core.errors import Invalid
from keys.plaintext import generate

law = settings(database=None, deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
KEY = generate("app").take()

NO_NAMES = {
    "nothing": "",
    "only spaces": " \u00a0\u2003 ",
    "81 characters": "x" * 81,
    "a NUL": "check\0out",
    "a line feed": "check\nout",
    "a trailing line feed": "checkout\n",
    "an escape": "\x1b[31mcheckout",
    "a delete": "check\x7fout",
    "a next line": "check\x85out",
    "a line separator": "check\u2028out",
    "a soft hyphen": "check\u00adout",
    "a zero-width space": "check\u200bout",
    "a byte order mark": "\ufeffcheckout",
    "a turned direction": "check\u202etuo",
    "half a surrogate": "check\ud800",
    "a tag": "checkout\U000e0041",
    "a private character": "check\ue000",
    "a braille blank": "\u2800",
    "a hangul filler": "\u3164",
    "another filler": "check\u115fout",
    "a joiner nobody sees": "check\u034fout",
    "a zero-width joiner between letters": "check\u200dout",
    "a joiner that joins nothing": "\U0001f468\u200d",
    "a joiner at the beginning": "\u200d\U0001f468",
    "two joiners": "\U0001f468\u200d\u200d\U0001f469",
    "a non-joiner between letters": "check\u200cout",
    "a variation selector on a letter": "check\ufe0fout",
    "a selector of Han on a letter": "check\U000e0100out",
    "a selector of Mongolian on a letter": "check\u180bout",
    "a turned direction between emoji": "\U0001f468\u202e\U0001f469",
    "a key": KEY,
    "a key in a sentence": f"old {KEY}",
    "a Cyrillic a": "p\u0430yments",
    "a Greek omicron": "checkk\u03bfut",
    "letters that unfold": "\ufdfa" * 80,
}
NAMES = [
    "checkout",
    "Refund agent (EU) #2 / v1.4",
    "\u043e\u043f\u043b\u0430\u0442\u0430",
    "\u03c0\u03bb\u03b7\u03c1\u03c9\u03bc\u03ae",
    "\u652f\u6255\u3044 API",
    "Zo\u00eb's caf\u00e9",
    "\U0001f680 launch",
    "x" * 80,
]


@pytest.mark.parametrize("text", NO_NAMES.values(), ids=NO_NAMES.keys())
def test_what_is_no_name_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_name(text, "display_name")

    assert refused.value.field == "display_name"


def test_a_refused_key_is_not_repeated() -> None:
    with pytest.raises(Invalid) as refused:
        parse_name(KEY)

    assert KEY[22:] not in str(refused.value.body())


@pytest.mark.parametrize("text", NAMES)
def test_a_name_in_any_one_script_is_taken(text: str) -> None:
    assert parse_name(text) == text


def test_space_around_and_between_words_is_tidied() -> None:
    assert parse_name("  checkout \u00a0 worker ") == "checkout worker"


def test_an_accent_is_one_character_however_it_was_typed() -> None:
    assert parse_name("cafe\u0301") == "caf\u00e9"


@law
@given(st.text(max_size=90))
def test_any_text_is_a_tidy_name_that_fits_its_column_or_is_refused(text: str) -> None:
    try:
        name = parse_name(text)
    except Invalid:
        return
    assert 1 <= len(name) <= 80 and len(sameness(name)) <= 160
    assert name == parse_name(name) == name.strip()
    assert not [c for c in name if unicodedata.category(c)[0] == "C"]


@pytest.mark.parametrize(
    "one, other",
    [
        ("Checkout", "checkout"),
        ("STRASSE", "stra\u00dfe"),
        ("\uff43heckout", "checkout"),
        ("\ufb01nance", "finance"),
        ("caf\u00e9", "cafe\u0301"),
        ("v\u00b2", "v2"),
    ],
)
def test_names_that_people_would_take_for_one_are_the_same(one: str, other: str) -> None:
    assert sameness(one) == sameness(other)


@pytest.mark.parametrize("one, other", [("checkout", "check out"), ("caf\u00e9", "cafe"), ("app-1", "app-2")])
def test_other_names_are_not(one: str, other: str) -> None:
    assert sameness(one) != sameness(other)


@pytest.mark.parametrize("text", ["a", "7", "refund-agent_2", "x" * 64, " refund-agent\n"])
def test_an_agents_name_is_lower_case_letters_digits_hyphens_and_underscores(text: str) -> None:
    assert parse_agent_name(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-a",
        "_a",
        "Refund",
        "refund agent",
        "refund.agent",
        "x" * 65,
        "agent\0",
        "agent\nb",
        "\u0430gent",
        "\u0661",
    ],
)
def test_what_is_no_agents_name_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_agent_name(text)


@pytest.mark.parametrize(
    "name",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",
        "\U0001f9d1\U0001f3fd\u200d\U0001f4bb coder",
        "\u2764\ufe0f\u200d\U0001f525",
        "\U0001f642\u200d\u2194\ufe0f",
        "1\ufe0f\u20e3 first",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\u845b\U000e0100\u57ce",
    ],
)
def test_a_joiner_may_stand_where_what_is_drawn_needs_it(name: str) -> None:
    assert parse_name(name) == name


def test_names_that_differ_in_a_joiner_alone_are_one() -> None:
    assert sameness("\u2764\ufe0f shop") == sameness("\u2764 shop")
