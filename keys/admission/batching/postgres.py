"""Processes a batch on PostgreSQL in two statements: a lookup, and one that spends allowances and writes rows.

Nearly every call finds its nonce unused and calls left in its key's minute. The second statement assumes both: it
spends them and writes the rows of the calls for which the assumption held, and is a transaction by itself. The others,
whose rate limit is exceeded or whose nonce was replayed, get no row here. `admit.decide()` decides those under locks.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from audit import calls
from core import pg_arrays
from core.clock import now
from keys.admission import admit, lookup, rate_limit
from keys.admission.admit import Decision
from keys.admission.batching.connection import BatchConnection, Row, Statement
from keys.admission.batching.pending_call import PendingCall
from keys.admission.rate_limit import Charge

LOOK_UP = Statement("look_up_keys", lookup.SELECT_BY_DIGESTS.replace("%s", "$1"))
_FRESH_NONCES = """fresh AS (
    INSERT INTO keys_nonce (id, seen_at) SELECT nonce, $6::timestamptz FROM unnest($7::text[]) AS sent (nonce)
    WHERE nonce IS NOT NULL ORDER BY nonce ON CONFLICT DO NOTHING RETURNING id
), """


def _spend_statement(*, nonces: bool) -> Statement:
    """The statement that spends and records, with or without nonces.

    Parameters: $1 now in microseconds, $2 buckets, $3 costs, $4 bursts, $5 rows as JSON, $6 now, $7 nonces.

    Why it takes no lock of its own: ON CONFLICT DO UPDATE locks the bucket's row, and its WHERE is evaluated on the
    locked row, so two processes cannot both take the last call. A bucket whose calls of this batch do not all fit is
    left as it is and not returned, and `recorded` writes no row of its calls. Nonces are inserted before buckets, and
    each in sorted order, as `admit.decide()` does: so no two batches can deadlock.
    """
    parameter, column = (", $7::text[]", ", nonce") if nonces else ("", "")
    is_fresh = "nonce IS NULL OR nonce IN (SELECT id FROM fresh)"
    return Statement(
        "spend_with_nonces" if nonces else "spend",
        f"""
WITH {_FRESH_NONCES if nonces else ""}charged AS (
    INSERT INTO keys_ratebucket AS rate (bucket, spent_until_us, burst_us)
    SELECT bucket, $1::bigint + sum(cost), min(burst)
    FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]{parameter}) AS charge (bucket, cost, burst{column})
    {f"WHERE {is_fresh}" if nonces else ""} GROUP BY bucket ORDER BY bucket
    ON CONFLICT (bucket) DO UPDATE
    SET spent_until_us = greatest(rate.spent_until_us, $1) + excluded.spent_until_us - $1, burst_us = excluded.burst_us
    WHERE greatest(rate.spent_until_us, $1) - $1 + excluded.spent_until_us - $1 <= excluded.burst_us
    RETURNING bucket, spent_until_us
), recorded AS (
    INSERT INTO audit_call ({calls.NAMES}) SELECT {calls.FROM_JSON}
    FROM json_to_recordset($5::json) AS line ({calls.IN_JSON}, charged_bucket uuid, nonce text)
    WHERE (charged_bucket IS NULL OR charged_bucket IN (SELECT bucket FROM charged))
    {f"AND ({is_fresh})" if nonces else ""}
)
SELECT bucket::text, spent_until_us FROM charged {"UNION ALL SELECT id, NULL FROM fresh" if nonces else ""}
""",
    )


SPEND, SPEND_WITH_NONCES = _spend_statement(nonces=False), _spend_statement(nonces=True)


class Attempt(NamedTuple):
    """A call and the decision that holds if its nonce is unused and its rate limit is not exceeded."""

    pending: PendingCall
    decision: Decision
    charge: Charge | None
    """None: the call is refused already and spends nothing."""
    nonce: str

    def row(self) -> dict[str, Any]:
        """Its row in the audit log, and the bucket and nonce on which writing it depends."""
        bucket = self.charge.bucket if self.charge else ""
        return self.pending.row(self.decision) | {"charged_bucket": bucket, "nonce": self.nonce}


def process(
    pending_calls: Sequence[PendingCall],
    batch_connection: BatchConnection,
    before_commit: Callable[[], None],
) -> None:
    """Decide and record those of `pending_calls` for which the assumption holds; the others stay unsettled.

    Raises what the database raises; then none is settled.
    """
    moment = now()
    decisions = admit.check_uncharged(
        [pending.call_request for pending in pending_calls],
        moment,
        batch_connection.db,
        lambda digests: batch_connection.query(LOOK_UP, pg_arrays.bytes_array(digests)),
    )
    attempts = list(_attempts(pending_calls, decisions))
    before_commit()
    now_us = rate_limit.to_microseconds(moment)
    nonces = [attempt.nonce for attempt in attempts if attempt.charge]
    if any(nonces):
        parameters = *_parameters(attempts), moment.isoformat(), pg_arrays.text_array(nonces)
        rows = batch_connection.query(SPEND_WITH_NONCES, str(now_us), *parameters)
    else:
        rows = batch_connection.query(SPEND, str(now_us), *_parameters(attempts))
    _apply_results(attempts, rows, now_us)


def _attempts(pending_calls: Sequence[PendingCall], decisions: Sequence[Decision]) -> Iterator[Attempt]:
    """The calls that can be tried without a lock.

    Left out: a refused call that still spends its nonce, a nonce that occurs twice in this batch, and calls beyond what
    an untouched bucket allows.
    """
    seen_nonces: set[str] = set()
    spent: Counter[str] = Counter()
    for pending, decision in zip(pending_calls, decisions, strict=True):
        key, nonce = decision.key, admit.nonce_to_spend(decision)
        if nonce:
            is_repeated = nonce in seen_nonces
            seen_nonces.add(nonce)
            if is_repeated or decision.verdict.refusal:
                continue
        if key is None or decision.verdict.refusal:
            yield Attempt(pending, decision, None, "")
            continue
        charge = admit.charge_of(key)
        spent[charge.bucket] += charge.cost
        if spent[charge.bucket] <= charge.burst_us:
            yield Attempt(
                pending, admit.apply_allowance(key, decision, rate_limit.ASSUMED_GRANTED), charge, nonce
            )


def _parameters(attempts: Sequence[Attempt]) -> Iterator[str]:
    """The parameters $2 to $5 of the spend statement."""
    charges = [attempt.charge for attempt in attempts if attempt.charge]
    yield pg_arrays.text_array([charge.bucket for charge in charges])
    yield pg_arrays.number_array([charge.cost for charge in charges])
    yield pg_arrays.number_array([charge.burst_us for charge in charges])
    yield calls.as_json(
        [attempt.row() for attempt in attempts if attempt.pending.is_recorded_in_batch(attempt.decision)]
    )


def _apply_results(attempts: Sequence[Attempt], rows: Sequence[Row], now_us: int) -> None:
    """Settle the calls whose assumption held, each with what its bucket had left when its turn came.

    `rows` holds the charged buckets with their new ends, and the nonces that were fresh with NULL.
    """
    fresh = {name for name, until in rows if until is None} | {""}
    ends = {name: int(until) for name, until in rows if name and until}
    charged = [(attempt, attempt.charge) for attempt in attempts if attempt.charge and attempt.nonce in fresh]
    for _, charge in charged:
        if charge.bucket in ends:
            ends[charge.bucket] -= charge.cost
    for attempt, charge in charged:
        attempt.pending.nonce_spent = bool(attempt.nonce)
        if charge.bucket in ends:
            allowance = rate_limit.spend(ends, charge, now_us)
            attempt.pending.decision = attempt.decision._replace(allowance=allowance)
            attempt.pending.settled = True
    for attempt in attempts:
        if attempt.charge is None:
            attempt.pending.decision, attempt.pending.settled = attempt.decision, True
