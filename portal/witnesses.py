"""Settings of witnesses, read and judged. Imports no Django."""

from collections.abc import Iterable
from pathlib import Path

from audit.witnessing import targets
from audit.witnessing.targets import TSA, Target
from portal.data import WrongSetting

MAX_SILENCE = 7 * 24 * 60


def named(given: str, roots: str) -> tuple[Target, ...]:
    """The witnesses of PORTAL_WITNESS."""
    try:
        found = targets.read_all(given)
    except ValueError as wrong:
        raise WrongSetting(str(wrong)) from None
    if any(one.kind == TSA for one in found) and not Path(roots or "/").is_file():
        raise WrongSetting(
            "PORTAL_WITNESS_TSA_ROOTS: name a file of PEM certificates that the time-stamp server's leads up to."
        )
    return found


def sources(given: Iterable[str]) -> dict[str, bytes]:
    """The portals of PORTAL_WITNESS_FOR, and the public key of each."""
    try:
        return targets.sources(given)
    except ValueError as wrong:
        raise WrongSetting(str(wrong)) from None
