"""An RFC 3161 time-stamp server as a witness: it signs when checkpoints existed.

What it signed is kept in a file beside the database, a line for each run of checkpoints. So it proves that a record was
not made up or rewritten later; that its end was not cut off is proved by whoever has a copy of that file.
"""

import base64
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from django.conf import settings
from rfc3161_client import (
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from audit import canonical
from audit.integrity.checking.evidence import Unreadable
from audit.integrity.checking.findings import Finding, Where
from audit.integrity.sealing.high_water_marks import HighWaterMark
from audit.integrity.witnesses.witness_settings import Target
from audit.models import Checkpoint
from core import file_sink
from core.http_client import ask, status_error
from core.reachable_hosts import UnreachableHost

QUERY = {"Content-Type": "application/timestamp-query"}
MAX_ANSWER = 64 * 1024


def path(target: Target) -> Path:
    """Where the stamps of a server are kept."""
    folder: Path = settings.MARKS_DIR
    return folder / f"{target.id}.stamps.jsonl"


def last(target: Target) -> HighWaterMark:
    """The last checkpoint that is stamped."""
    last_line = deque(lines(target), maxlen=1)
    return (
        HighWaterMark(int(last_line[0]["last"]), bytes.fromhex(last_line[0]["hash"]))
        if last_line
        else HighWaterMark(0, b"")
    )


def put(target: Target, batch: Sequence[Checkpoint]) -> HighWaterMark:
    """Have some checkpoints stamped together; return the last one. Raises UnreachableHost."""
    statement = _statement(batch)
    request = (
        TimestampRequestBuilder().data(statement).nonce(nonce=True).cert_request(cert_request=True).build()
    )
    status, answer = ask(target.where, QUERY, request.as_bytes(), most=MAX_ANSWER)
    if status != 200:
        raise UnreachableHost(status_error(status))
    try:
        _verify(answer, statement, request.nonce)
    except Unreadable as why:
        raise UnreachableHost(f"Invalid time-stamp: {why}.") from None
    line = {
        "first": batch[0].number,
        "last": batch[-1].number,
        "hash": bytes(batch[-1].hash).hex(),
        "stamp": base64.b64encode(answer).decode(),
    }
    path(target).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file_sink.append(path(target), [json.dumps(line)])
    return HighWaterMark(batch[-1].number, bytes(batch[-1].hash))


def lines(target: Target) -> Iterator[dict[str, Any]]:
    """The stamps that are kept, in order. Lines that a crash cut short are left out."""
    if not path(target).exists():
        return
    with path(target).open() as opened:
        for line in opened:
            try:
                data = json.loads(line) if line.endswith("\n") else {}
                if {"first", "last", "hash", "stamp"} <= set(data):
                    yield data
            except (ValueError, TypeError):
                continue


def check(target: Target) -> Iterator[Finding]:
    """What the stamps of a server say otherwise than the record."""
    seen = 0
    for data in lines(target):
        where, seen = Where(checkpoint=data["last"]), data["last"]
        batch = list(
            Checkpoint.objects.filter(number__range=(data["first"], data["last"])).order_by("number")
        )
        if len(batch) != data["last"] - data["first"] + 1:
            message = f"The checkpoints {data['first']} to {data['last']} were stamped, and not all of them are here."
            yield Finding("cut", message, where)
            continue
        try:
            _verify(base64.b64decode(data["stamp"]), _statement(batch), None)
        except (Unreadable, ValueError) as why:
            message = (
                f"The checkpoints {data['first']} to {data['last']} are not those that were stamped: {why}."
            )
            yield Finding("rewritten", message, where)
    if not seen:
        yield Finding("silent", "No time-stamp is kept.")


def _statement(batch: Sequence[Checkpoint]) -> bytes:
    """What is stamped of some checkpoints."""
    digest = sha256(b"".join(bytes(checkpoint.hash) for checkpoint in batch)).hexdigest()
    statement: Mapping[str, Any] = {"first": batch[0].number, "last": batch[-1].number, "hashes": digest}
    return canonical.statement("stamp", statement)


def _verify(answer: bytes, statement: bytes, nonce: int | None) -> datetime:
    """When it was stamped. Raises Unreadable unless the server that is trusted stamped just this."""
    builder = VerifierBuilder()
    for root in _roots(settings.WITNESS_TSA_ROOTS):
        builder = builder.add_root_certificate(root)
    if nonce is not None:
        builder = builder.nonce(nonce)
    try:
        response = decode_timestamp_response(answer)
        builder.build().verify_message(response, statement)
    except (VerificationError, ValueError) as why:
        raise Unreadable(str(why) or "it cannot be read") from None
    return response.tst_info.gen_time


@lru_cache(maxsize=4)
def _roots(file: str) -> tuple[x509.Certificate, ...]:
    """The certificates that time-stamp servers must lead up to."""
    return tuple(x509.load_pem_x509_certificates(Path(file).read_bytes()))
