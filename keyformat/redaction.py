"""Cuts every secret in a text down to its prefix: spelled `alter-key-app-…`, percent-encoded, in base64 or hex."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from keyformat.grammar import PREFIX_LENGTH, STARTS_PATTERN

REDACTED = "[redacted]"
MAX_ENCODINGS = 4
"""How often a text may have been percent-encoded for a secret in it to be found."""
_EXACT = re.compile(rf"({STARTS_PATTERN}[0-9A-Za-z]{{{PREFIX_LENGTH}}})[0-9A-Za-z]+")
_SEPARATOR = r"(?:[\s_.,:/\\+*\"'`＿-]|&#x?0*(?:95|5f);|[\\%]u005f|=5f){1,4}"
"""What stands between the words of a key, or in the place of it where someone wrote one another way."""
_RESPELLED = re.compile(
    rf"(alter{_SEPARATOR}(?:key{_SEPARATOR}(?:app|agent|derived)|pat|gateway){_SEPARATOR}"
    rf"[0-9A-Z]{{{PREFIX_LENGTH}}})[0-9A-Z]{{6,}}",
    re.IGNORECASE,
)
"""At least 14 characters after the start: a sentence about "alter key app settings" is none."""


def _base64_cores(start: str) -> Iterator[str]:
    """What `start` is in base64 whatever stands around it, for each place in a group of three bytes."""
    for shift in range(3):
        encoded = b64encode(bytes(shift) + start.encode() + bytes(3)).decode()
        yield encoded[-(-shift * 8 // 6) : (shift + len(start)) * 8 // 6]


_ENCODED_STARTS = ("alter_key_", "alter_pat_", "alter_gateway_")
_BASE64_SIGNS = tuple(_base64_cores("alter_"))
_HEX_SIGN = b"alter_".hex()
_BASE64 = re.compile(
    rf"(?:{'|'.join(core for start in _ENCODED_STARTS for core in _base64_cores(start))})[0-9A-Za-z+/_-]{{24,}}={{0,2}}"
)
"""At least 18 bytes after the start, more than a prefix alone has."""
_HEX = re.compile(rf"(?:{'|'.join(start.encode().hex() for start in _ENCODED_STARTS)})[0-9a-f]{{36,}}", re.I)


def redact(text: str, marker: str = REDACTED) -> str:
    """`text` with every secret in it cut down to its prefix, and `marker` in place of what is cut.

    If one is percent-encoded, once or more often, what is left is the text decoded: the encoded one tells it whole.
    """
    lowered = text.lower()
    if "alter" in lowered:
        text = _cut(text, marker)
    if _HEX_SIGN in lowered or any(sign in text for sign in _BASE64_SIGNS):
        text = _cut_encoded(text, marker)
    if "%" not in text:
        return text
    *_, decoded = decodings(text)
    cut = _cut_encoded(_cut(decoded, marker), marker)
    return cut if cut != decoded else text


def _cut(text: str, marker: str) -> str:
    return _RESPELLED.sub(rf"\1{marker}", _EXACT.sub(rf"\1{marker}", text))


def _cut_encoded(text: str, marker: str) -> str:
    """An encoded secret has no prefix that anyone reads: all of it goes."""
    return _HEX.sub(marker, _BASE64.sub(marker, text))


def cut_to_prefix(text: str) -> str:
    """`text` trimmed, with every secret in it cut to its prefix: for a search, which looks for the prefix alone."""
    return redact(text.strip(), marker="")


def decodings(text: str, decode: Callable[[str], str] = unquote) -> Iterator[str]:
    """`text` as it is, and as it reads when it is percent-decoded once and more often."""
    yield text
    for _ in range(MAX_ENCODINGS):
        if (further := decode(text)) == text:
            return
        yield (text := further)
