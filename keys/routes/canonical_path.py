"""The canonical form of a request path. A path that gateways and services can read in two ways is refused."""

import re
from urllib.parse import unquote_to_bytes

MAX_PATH = 2_048
"""Bytes of a path, without its query."""
REASONS = {
    "not_a_path": "A request path begins with a slash.",
    "absolute_form": "Send the path alone, without scheme and host.",
    "too_long": f"A path may have {MAX_PATH:,} bytes.",
    "fragment": "A path has no #, plain or encoded.",
    "encoded_question_mark": "A path has no encoded question mark (%3F).",
    "encoded_slash": "A path has no encoded slash (%2F).",
    "backslash": "A path has no backslash, plain or encoded.",
    "control_character": "A path has no control characters, plain or encoded.",
    "dot_segment": "A path has no segment that is . or .., plain or encoded.",
    "empty_segment": "A path has no two slashes in a row.",
    "semicolon": "A path has no semicolon, plain or encoded.",
    "broken_escape": "A percent sign is followed by two hexadecimal digits.",
    "encoded_percent": "A path has no encoded percent sign (%25), which a second decoding would read again.",
    "mixed_hex_case": "Percent-encoding is in upper case, or all in lower case.",
    "needless_escape": "Letters, digits, - . _ and ~ are not percent-encoded.",
    "raw_character": "Characters that a path may not hold are percent-encoded.",
    "bad_utf8": "Percent-encoded bytes are UTF-8.",
}
"""Code to sentence, of every reason for which a path is refused."""

_PLAIN = re.compile(r"/|(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~!$&'()*+,=:@-]+)+/?")
_ALLOWED = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@/%-]*")
_REREAD = re.compile(r"[\x00-\x1f\x7f#\\]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_C1 = re.compile("[\x80-\x9f]")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_KEPT_PLAIN = frozenset("!$&'()*+,=:@")


class AmbiguousPath(ValueError):
    """A path that is refused. `code` is one of REASONS; the path itself is not repeated."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(REASONS[code])

    def __reduce__(self) -> tuple[type["AmbiguousPath"], tuple[str]]:
        return AmbiguousPath, (self.code,)


def canonical_path(target: str | bytes) -> str:
    """The canonical path of a request target in origin form, ASCII; its query is cut off first.

    Text stands for bytes as Latin-1, as servers hand them on. Raises AmbiguousPath, and nothing else. Escapes are in
    upper case; `!$&'()*+,=:@` are plain, however they were sent. Canonical text stays as it is.
    """
    text = target.decode("latin-1") if isinstance(target, bytes) else target
    path = text.partition("?")[0]
    if len(path) > MAX_PATH:
        raise AmbiguousPath("too_long")
    if _PLAIN.fullmatch(path):
        return path
    if reason := _find_reason(path):
        raise AmbiguousPath(reason)
    return _ESCAPE.sub(_spell, path)


def find_reread(sent: str, decoded: str) -> str:
    """The reason why gateways and services make different things of a path, or nothing. `decoded` is `sent` decoded.

    The part of the rule that signatures share (keys/admission/request_target.py): an encoded slash, a backslash, a
    `#`, a control character, a dot segment with or without a `;` parameter.
    """
    if "%2f" in sent.lower():
        return "encoded_slash"
    if found := _REREAD.search(decoded):
        return {"#": "fragment", "\\": "backslash"}.get(found[0], "control_character")
    steps = (step.partition(";")[0] for step in decoded.split("/"))
    return "dot_segment" if any(step in (".", "..") for step in steps) else ""


def _find_reason(path: str) -> str:
    if not path.startswith("/"):
        return "absolute_form" if _ABSOLUTE.match(path) else "not_a_path"
    if _BROKEN_ESCAPE.search(path):
        return "broken_escape"
    decoded = unquote_to_bytes(path.encode(errors="surrogatepass")).decode("latin-1")
    return find_reread(path, decoded) or _find_more(path, decoded)


def _find_more(path: str, decoded: str) -> str:
    """What a signature may hold and a matched path may not."""
    if "//" in path:
        return "empty_segment"
    for character, reason in ((";", "semicolon"), ("?", "encoded_question_mark"), ("%", "encoded_percent")):
        if character in decoded:
            return reason
    if not _ALLOWED.fullmatch(path):
        return "raw_character"
    return _find_escape(path) or _find_bytes(decoded)


def _find_escape(path: str) -> str:
    escapes: list[str] = _ESCAPE.findall(path)
    digits = "".join(escapes)
    if digits != digits.upper() and digits != digits.lower():
        return "mixed_hex_case"
    return "needless_escape" if any(chr(int(pair, 16)) in _UNRESERVED for pair in escapes) else ""


def _find_bytes(decoded: str) -> str:
    try:
        text = decoded.encode("latin-1").decode()
    except UnicodeDecodeError:
        return "bad_utf8"
    return "control_character" if _C1.search(text) else ""


def _spell(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _KEPT_PLAIN else escape[0].upper()
