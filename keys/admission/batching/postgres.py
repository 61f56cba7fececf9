"""Settles and records a batch on PostgreSQL in two statements: a look-up, and one that spends and writes.

Nearly every call finds its nonce unused and room in its key's minute. The second statement takes that for granted: it
spends both and writes the rows of those for which it was true, and is a transaction by itself. For the others, whose
minute is used up or whose nonce has come before, no row is written. They are left for `door.settle()`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from audit import calls
from core import pg_arrays
from core.clock import now
from keys.admission import admit, lookup, rate_limit
from keys.admission.admit import Outcome
from keys.admission.batching.connection import Lane, Row, Statement
from keys.admission.batching.pending_call import Ticket
from keys.admission.rate_limit import Charge

LOOK_UP = Statement("door_look_up", lookup.MANY.replace("%s", "$1"))
_FRESH = """fresh AS (
    INSERT INTO keys_nonce (id, seen_at) SELECT nonce, $6::timestamptz FROM unnest($7::text[]) AS asked (nonce)
    WHERE nonce IS NOT NULL ORDER BY nonce ON CONFLICT DO NOTHING RETURNING id
), """


def _spend(*, nonces: bool) -> Statement:
    """Nonces before buckets, and each in one order, as door.settle() has them: no two batches can wait in a ring."""
    more, name = (", $7::text[]", ", nonce") if nonces else ("", "")
    return Statement(
        "door_spend_nonces" if nonces else "door_spend",
        f"""
WITH {_FRESH if nonces else ""}charged AS (
    INSERT INTO keys_pace AS pace (bucket, spent_until, room) SELECT bucket, $1::bigint + sum(cost), min(room)
    FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]{more}) AS asked (bucket, cost, room{name})
    {"WHERE nonce IS NULL OR nonce IN (SELECT id FROM fresh)" if nonces else ""} GROUP BY bucket ORDER BY bucket
    ON CONFLICT (bucket) DO UPDATE
    SET spent_until = greatest(pace.spent_until, $1) + excluded.spent_until - $1, room = excluded.room
    WHERE greatest(pace.spent_until, $1) - $1 + excluded.spent_until - $1 <= excluded.room
    RETURNING bucket, spent_until
), kept AS (
    INSERT INTO audit_call ({calls.NAMES}) SELECT {calls.FROM_JSON}
    FROM json_to_recordset($5::json) AS line ({calls.IN_JSON}, whose uuid, used text)
    WHERE (whose IS NULL OR whose IN (SELECT bucket FROM charged))
    {"AND (used IS NULL OR used IN (SELECT id FROM fresh))" if nonces else ""}
)
SELECT bucket::text, spent_until FROM charged {"UNION ALL SELECT id, NULL FROM fresh" if nonces else ""}
""",
    )


SPEND, SPEND_NONCES = _spend(nonces=False), _spend(nonces=True)


class Bid(NamedTuple):
    """A call that can be treated now: what comes of it if its nonce is fresh and its minute has room."""

    ticket: Ticket
    outcome: Outcome
    charge: Charge | None
    """None: it is refused already, and spends nothing."""
    nonce: str

    def line(self) -> dict[str, Any]:
        """Its row, whose minute must have room for it, and the nonce that must not have been used."""
        whose = self.charge.bucket if self.charge else ""
        return self.ticket.line(self.outcome) | {"whose": whose, "used": self.nonce}


def treat(tickets: Sequence[Ticket], lane: Lane, before_commit: Callable[[], None]) -> None:
    """Settle and record those of `tickets` that can be at once. Raises what the database raises; then none is."""
    moment = now()
    questions = [ticket.question for ticket in tickets]
    outcomes = admit.first_look(
        questions, moment, lane.db, lambda digests: lane.ask(LOOK_UP, pg_arrays.of_bytes(digests))
    )
    bids = list(_bids(tickets, outcomes))
    before_commit()
    since = rate_limit.micros(moment)
    nonces = [bid.nonce for bid in bids if bid.charge]
    if any(nonces):
        values = *_values(bids), moment.isoformat(), pg_arrays.of_words(nonces)
        rows = lane.ask(SPEND_NONCES, str(since), *values)
    else:
        rows = lane.ask(SPEND, str(since), *_values(bids))
    _settle(bids, rows, since)


def _bids(tickets: Sequence[Ticket], outcomes: Sequence[Outcome]) -> Iterator[Bid]:
    """What can be tried. Not what needs a lock for sure: a refused call that uses up a nonce all the same, a nonce that
    came before in this batch, more calls than a minute has."""
    used: set[str] = set()
    spent: Counter[str] = Counter()
    for ticket, outcome in zip(tickets, outcomes, strict=True):
        key, nonce = outcome.key, admit.nonce_of(outcome)
        if nonce:
            comes_again = nonce in used
            used.add(nonce)
            if comes_again or outcome.verdict.refusal:
                continue
        if key is None or outcome.verdict.refusal:
            yield Bid(ticket, outcome, None, "")
            continue
        charge = admit.charge_of(key)
        spent[charge.bucket] += charge.cost
        if spent[charge.bucket] <= charge.room:
            yield Bid(ticket, admit.charged(key, outcome, rate_limit.PRESUMED), charge, nonce)


def _values(bids: Sequence[Bid]) -> Iterator[str]:
    """The second parameter and those up to the fifth."""
    charges = [bid.charge for bid in bids if bid.charge]
    yield pg_arrays.of_words([charge.bucket for charge in charges])
    yield pg_arrays.of_numbers([charge.cost for charge in charges])
    yield pg_arrays.of_numbers([charge.room for charge in charges])
    yield calls.as_json([bid.line() for bid in bids if bid.ticket.is_recorded(bid.outcome)])


def _settle(bids: Sequence[Bid], rows: Sequence[Row], moment: int) -> None:
    """Note what has been spent, and what each call has left of its minute."""
    fresh = {name for name, until in rows if until is None} | {""}
    ends = {name: int(until) for name, until in rows if name and until}
    counted = [(bid, bid.charge) for bid in bids if bid.charge and bid.nonce in fresh]
    for _, charge in counted:
        if charge.bucket in ends:
            ends[charge.bucket] -= charge.cost
    for bid, charge in counted:
        bid.ticket.nonce_spent = bool(bid.nonce)
        if charge.bucket in ends:
            bid.ticket.outcome = bid.outcome._replace(allowance=rate_limit.spend(ends, charge, moment))
            bid.ticket.settled = True
    for bid in bids:
        if bid.charge is None:
            bid.ticket.outcome, bid.ticket.settled = bid.outcome, True
