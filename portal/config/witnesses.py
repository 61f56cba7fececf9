"""Settings of witnesses, read and judged. Imports no Django."""

from collections.abc import Iterable
from pathlib import Path

from audit.integrity.witnesses import witness_settings
from audit.integrity.witnesses.witness_settings import TSA, Target
from portal.config.errors import Reading, WrongSetting

MAX_SILENCE = 7 * 24 * 60


def named(given: str, roots: str) -> tuple[Target, ...]:
    """The witnesses of PORTAL_WITNESS."""
    with Reading():
        witnesses = witness_settings.read_all(given)
    if any(one.kind == TSA for one in witnesses) and not Path(roots or "/").is_file():
        raise WrongSetting(
            "PORTAL_WITNESS_TSA_ROOTS: name a file of PEM certificates that the time-stamp server's leads up to."
        )
    return witnesses


def sources(given: Iterable[str]) -> dict[str, bytes]:
    """The portals of PORTAL_WITNESS_FOR, and the public key of each."""
    with Reading():
        return witness_settings.sources(given)
