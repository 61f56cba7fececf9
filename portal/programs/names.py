"""Names that programs give: kept as they were sent, or refused."""

from agents.names import parse_name
from audit.refusals import Invalid


def require_name(text: str) -> str:
    """`text`, if it is a name for people as it stands. Raises Invalid: nothing is cut off or put right in silence."""
    if parse_name(text) != text:
        raise Invalid(
            "name", "Leave out blanks at its ends and doubled ones, and send composed letters (NFC)."
        )
    return text
