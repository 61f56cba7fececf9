"""A path has one canonical form, or is refused with a reason."""

import copy
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.admission import request_target
from keys.routes.canonical_path import MAX_PATH, REASONS, AmbiguousPath, canonical_path

PIECES = st.sampled_from(
    ["a", "B", "/", ".", "..", "%2e", "%2F", "%5c", "\\", ";", "//", "%", "%00", "\x00", "%c3%a9", "%C3%A9"]
    + [
        "%c3%A9",
        "%41",
        "\xe9",
        "%E9",
        "#",
        "?",
        "%3f",
        "%25",
        "@",
        "%40",
        " ",
        "%20",
        "*",
        "{",
        "%7B",
        "http://",
    ]
)
TARGETS = st.lists(PIECES, max_size=8).map(lambda pieces: "/" + "".join(pieces))
REFUSED = [
    ("", "not_a_path"),
    ("*", "not_a_path"),
    ("orders", "not_a_path"),
    ("https://api.example/orders", "absolute_form"),
    ("/" + "a" * MAX_PATH, "too_long"),
    ("/a#b", "fragment"),
    ("/a%23b", "fragment"),
    ("/a%3Fb", "encoded_question_mark"),
    ("/a%2fb", "encoded_slash"),
    ("/a%2Fb", "encoded_slash"),
    ("/a\\b", "backslash"),
    ("/a%5Cb", "backslash"),
    ("/a\x00", "control_character"),
    ("/a%00", "control_character"),
    ("/a%0D%0A", "control_character"),
    ("/a\n", "control_character"),
    ("/a%7F", "control_character"),
    ("/a%C2%85", "control_character"),
    ("/a/./b", "dot_segment"),
    ("/a/..", "dot_segment"),
    ("/a/%2e%2E/b", "dot_segment"),
    ("/a/..;/b", "dot_segment"),
    ("//a", "empty_segment"),
    ("/a//", "empty_segment"),
    ("/a;v=1", "semicolon"),
    ("/a%3Bv", "semicolon"),
    ("/a%", "broken_escape"),
    ("/a%2", "broken_escape"),
    ("/a%zz", "broken_escape"),
    ("/a%252Fb", "encoded_percent"),
    ("/%c3%A9", "mixed_hex_case"),
    ("/%cE%B1", "mixed_hex_case"),
    ("/%61dmin", "needless_escape"),
    ("/a%7Eb", "needless_escape"),
    ("/\xc3\xa9", "raw_character"),
    ("/\u20ac", "raw_character"),
    ("/a b", "raw_character"),
    ("/{id}", "raw_character"),
    ("/%FF", "bad_utf8"),
    ("/%C0%AE", "bad_utf8"),
    ("/%ED%B0%80", "bad_utf8"),
]


@pytest.mark.parametrize(("sent", "reason"), REFUSED)
def test_a_path_that_is_read_in_two_ways_is_refused_with_its_reason(sent: str, reason: str) -> None:
    with pytest.raises(AmbiguousPath) as refused:
        canonical_path(sent)
    assert refused.value.code == reason
    assert copy.copy(refused.value).code == reason


def test_every_reason_has_an_example() -> None:
    assert {reason for _, reason in REFUSED} == set(REASONS)


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("/", "/"),
        ("/?a=//..%2f#", "/"),
        ("/orders/42?x=1", "/orders/42"),
        ("/orders/", "/orders/"),
        ("/Orders", "/Orders"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/users/%40me", "/users/@me"),
        ("/users/a%2Bb", "/users/a+b"),
        ("/a%20b", "/a%20b"),
        ("/a...b/..c", "/a...b/..c"),
    ],
)
def test_a_path_has_one_canonical_form(sent: str, canonical: str) -> None:
    assert canonical_path(sent) == canonical_path(sent.encode()) == canonical


@given(TARGETS)
def test_canonical_text_stays_and_means_what_was_sent(sent: str) -> None:
    try:
        canonical = canonical_path(sent)
    except AmbiguousPath:
        return
    assert canonical_path(canonical) == canonical
    assert unquote_to_bytes(canonical) == unquote_to_bytes(sent.partition("?")[0])


@given(st.one_of(st.binary(), st.text(), st.binary().map(lambda sent: b"/" + sent)))
def test_whatever_comes_nothing_else_is_raised(sent: str | bytes) -> None:
    try:
        assert canonical_path(sent).isascii()
    except AmbiguousPath as refused:
        assert refused.code in REASONS


@given(TARGETS)
def test_what_no_signature_fits_no_route_matches(sent: str) -> None:
    if request_target.parse_service(sent.partition("?")[0]).ambiguous:
        with pytest.raises(AmbiguousPath):
            canonical_path(sent)


@given(TARGETS, TARGETS)
def test_two_canonical_paths_differ_once_decoded(one: str, other: str) -> None:
    """No service that decodes once can take one route for another."""
    try:
        first, second = canonical_path(one), canonical_path(other)
    except AmbiguousPath:
        return
    assert (first == second) == (unquote_to_bytes(first) == unquote_to_bytes(second))
