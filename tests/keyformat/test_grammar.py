"""Secrets are known in text by shape and checksum; of what is no secret nothing is cut."""

import pytest

from keyformat.grammar import STARTS, find_secrets, is_secret, prefix_of
from keyformat.redaction import redact
from keys.plaintext import generate


@pytest.mark.parametrize("kind", STARTS)
def test_what_the_portal_makes_is_known(kind: str) -> None:
    assert is_secret(generate(kind).take())


def test_a_wrong_checksum_is_none() -> None:
    secret = generate("app").take()
    assert not is_secret(secret[:-1] + ("a" if secret[-1] != "a" else "b"))


@pytest.mark.parametrize("text", ["", "alter_key_app_", "alter_key_app_" + "ä" * 36, "sk_live_" + "a" * 42])
def test_other_text_is_none(text: str) -> None:
    assert not is_secret(text)


def test_keys_are_found_where_they_begin() -> None:
    one, two = generate("app").take(), generate("agent").take()
    data = b"x='%s'; y='%s'\xff" % (one.encode(), two.encode())
    assert [(data[start : start + 10], secret.decode()) for secret, start in find_secrets(data)] == [
        (b"alter_key_", one),
        (b"alter_key_", two),
    ]


@pytest.mark.parametrize("kind", STARTS)
def test_of_a_key_the_prefix_is_left(kind: str) -> None:
    secret = generate(kind).take()
    assert redact(f"no {secret}!") == f"no {prefix_of(secret)}[redacted]!"


SEPARATORS = ["\\_", "-", " ", "&#95;", "&#x5f;", "\\u005f", "%u005F", "=5F", "+", "*", '", "', "__", "＿"]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("kind", STARTS)
def test_a_secret_spelled_another_way_is_cut(kind: str, separator: str) -> None:
    spelled = generate(kind).take().replace("_", separator)
    assert spelled[-12:] not in redact(f"see {spelled}!")


def test_a_sentence_about_keys_is_left() -> None:
    assert redact("alter key app settings changed") == "alter key app settings changed"
