"""The file of seal keys in the data folder: the public keys that have signed for this portal.

The present key is the operator's (PORTAL_SEAL_KEY, or the data folder's `seal-key`). An older one is believed when the
one after it signed that it followed: a key that stands in the database, or in the file, and nowhere else is not.
"""

import errno
import json
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from audit.integrity.checking import handovers, trust
from audit.integrity.checking.handovers import SealKeyLine
from audit.integrity.checking.trust import Trust
from core.clock import now


def path() -> Path:
    """Where the file is."""
    file: Path = settings.SEAL_KEYS
    return file


def lines() -> list[SealKeyLine]:
    """What the file holds, the oldest first. None where there is no file."""
    try:
        return list(handovers.lines(path().read_text()))
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "it is not text", str(path())) from None


def trusted(present: bytes) -> Trust:
    """The present key, and those before it that it leads back to."""
    own = trust.key_id(present)
    return handovers.extend({own: present}, lines(), present=own)


def is_pinned(present: bytes) -> bool:
    """Whether the present key is in the file. One that is not took the place of another without a handover."""
    return not path().exists() or any(line.public == present for line in lines())


def begin(present: bytes) -> None:
    """Make the file, with the present key, unless there is one: with a file less nothing more is trusted."""
    if not path().exists():
        with suppress(FileExistsError):
            _write([SealKeyLine(present, _now())], anew=True)


def hand_over(old: bytes | None, new: bytes, *, before: bytes, reason: str = "") -> SealKeyLine:
    """Let the key of the seed `new` follow the key `before`, and add the line to the file.

    `old` is the seed of the key before. None: it is lost, and `reason` says how.
    """
    key = Ed25519PrivateKey.from_private_bytes(new)
    draft = SealKeyLine(key.public_key().public_bytes_raw(), _now(), before, reason)
    by_old = Ed25519PrivateKey.from_private_bytes(old).sign(draft.signed()) if old else draft.by_old
    line = SealKeyLine(draft.public, draft.since, before, reason, key.sign(draft.signed()), by_old)
    _write([*lines(), line])
    return line


def _write(all_of_them: list[SealKeyLine], *, anew: bool = False) -> None:
    """Whole or not at all."""
    draft = path().with_name(f"{path().name}.{secrets.token_hex(4)}")
    draft.write_text("".join(json.dumps(line.to_dict()) + "\n" for line in all_of_them))
    draft.chmod(0o600)
    try:
        if anew:
            path().hardlink_to(draft)
            draft.unlink()
        else:
            draft.replace(path())
    finally:
        draft.unlink(missing_ok=True)


def _now() -> str:
    return now().isoformat(timespec="seconds")
