"""Characters that show nothing and change what stands beside them: where a name needs one, and where none."""

import unicodedata

ZWNJ, ZWJ = "\u200c", "\u200d"
_VIRAMA = 9
"""The combining class of the mark that a joiner follows in the scripts of India (RFC 5892, A.1 and A.2)."""
_CURSIVE = {"ARABIC", "SYRIAC", "MANDAIC", "NKO", "MONGOLIAN", "ADLAM"}
"""Scripts whose letters hang together: Persian words need the character that parts them."""
_SKIN = range(0x1F3FB, 0x1F400)
_TEXT_OR_EMOJI = "\ufe0e\ufe0f"
_KEYCAPS = "0123456789#*"
_KEYCAP = "\u20e3"
_OF_HAN = (*range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0))
_OF_MONGOLIAN = (0x180B, 0x180C, 0x180D, 0x180F)


def is_joiner(character: str) -> bool:
    """Whether it is one of them: a joiner, or a selector of how the character before it is drawn."""
    code = ord(character)
    selects = character in _TEXT_OR_EMOJI or code in _OF_HAN or code in _OF_MONGOLIAN
    return character in (ZWNJ, ZWJ) or selects


def is_in_place(text: str, at: int) -> bool:
    """Whether the joiner at `at` changes how `text` is drawn: between emoji, or in a script that needs it."""
    character, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if not before:
        return False
    if character in _TEXT_OR_EMOJI:
        return _is_symbol(before) or (before in _KEYCAPS and after == _KEYCAP)
    if character == ZWJ and after and _is_symbol(after) and _ends_emoji(text, at):
        return True
    if character in (ZWNJ, ZWJ):
        parts = character == ZWNJ and _script(before) in _CURSIVE and _script(after) in _CURSIVE
        return parts or unicodedata.combining(before) == _VIRAMA
    return _script(before) == ("MONGOLIAN" if ord(character) in _OF_MONGOLIAN else "CJK")


def without_joiners(text: str) -> str:
    """`text` as it stands without them: two names that differ in nothing else are taken for one."""
    return "".join(character for character in text if not is_joiner(character))


def _is_symbol(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sm") or character in "\u203c\u2049"


def _ends_emoji(text: str, at: int) -> bool:
    """Whether what ends before `at` is an emoji: a symbol, with a selector or a tone of skin after it or without."""
    before = text[at - 1]
    if (before in _TEXT_OR_EMOJI or ord(before) in _SKIN) and at > 1:
        before = text[at - 2]
    return _is_symbol(before)


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0] if character else ""
