"""Secrets in base64 or hex are cut as plain ones are, and ordinary text is left as it is."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from keyformat.grammar import STARTS, prefix_of
from keyformat.redaction import redact
from keys.plaintext import generate


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_a_secret_in_base64_is_cut_wherever_it_stands(kind: str, encode: type) -> None:
    for before in range(9):
        for after in range(4):
            secret = generate(kind).take()
            encoded = encode(b"?" * before + secret.encode() + b"~" * after).decode()
            kept = redact(f"see {encoded} now")
            assert encoded[-24:] not in kept and "[redacted]" in kept and kept.endswith(" now"), encoded


@pytest.mark.parametrize("kind", STARTS)
def test_a_secret_in_hex_is_cut(kind: str) -> None:
    encoded = generate(kind).take().encode().hex()
    assert redact(f"see {encoded}!") == redact(f"see {encoded.upper()}!") == "see [redacted]!"


def test_a_secret_in_base64_is_cut_when_it_is_percent_encoded_too() -> None:
    encoded = b64encode(generate("app").take().encode()).decode()
    assert encoded[-24:] not in redact(f"a%20b%20%59{encoded[1:]}")


@pytest.mark.parametrize("kind", ["app", "token"])
def test_an_encoded_prefix_and_ordinary_text_are_left(kind: str) -> None:
    prefix = b64encode(prefix_of(generate(kind).take()).encode()).decode()
    for text in (prefix, b64encode(b"altering the settings of an app takes a minute").decode()):
        assert redact(text) == text
