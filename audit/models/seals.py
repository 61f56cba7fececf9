"""The models of sealing: Pending rows, a Seal for each row, a signed Checkpoint for each batch.

A stream is one app's acts, or one app's calls: it has its own gapless sequence. What belongs to no app is in the
stream of NOWHERE. docs/decisions/0015 says why it is built so.
"""

from uuid import UUID

from django.db import models

from audit.models.readable import Moment, Readable
from core.clock import now
from core.ids import new_id

NOWHERE = UUID(int=0)
"""Stands for no app in a stream, and for all keys in a tally: a unique column must not be NULL."""


class Pending(Readable):
    """A row of the record that waits for its seal. A trigger writes it, in the transaction of the row."""

    row_id = models.UUIDField(primary_key=True)
    stream = models.UUIDField()
    kind = models.CharField(max_length=5)
    at = Moment(help_text="The row's own: it says in which month to look for it.")

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id}"


class Seal(Readable):
    """The place of one row in its stream, and the hash of what it said when it was sealed."""

    row_id = models.UUIDField(primary_key=True)
    stream = models.UUIDField()
    kind = models.CharField(max_length=5)
    seq = models.BigIntegerField()
    leaf = models.BinaryField(max_length=32)
    salt = models.BinaryField(
        max_length=16, null=True, help_text="NULL once the row's personal part is erased."
    )
    commitment = models.BinaryField(
        max_length=32, null=True, help_text="Stands for the personal part once it is erased."
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=["stream", "kind", "seq"], name="one_row_a_place"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.seq} of {self.stream}"


class Checkpoint(Readable):
    """A batch of sealed rows under one root, chained to the batch before it in its stream, and signed.

    `number` counts all batches of the portal without a gap, in the order they were committed.
    """

    number = models.BigIntegerField(primary_key=True)
    stream = models.UUIDField()
    kind = models.CharField(max_length=5)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32, unique=True)
    sealed_at = Moment()
    earliest_at = Moment()
    latest_at = Moment()
    key_id = models.CharField(max_length=16)
    signature = models.BinaryField(max_length=64)
    purged_at = models.DateTimeField(null=True, help_text="Its rows have been kept long enough and are gone.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["stream", "kind", "first_seq"], name="one_batch_a_place"),
            models.UniqueConstraint(fields=["stream", "kind", "previous"], name="no_fork_of_a_chain"),
        )
        indexes = (
            models.Index(fields=["kind", "latest_at"], name="checkpoint_age"),
            models.Index(
                fields=["kind", "latest_at"],
                name="checkpoint_kept",
                condition=models.Q(purged_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"checkpoint {self.number}"

    @property
    def rows(self) -> int:
        """How many rows it seals."""
        return self.last_seq - self.first_seq + 1

    def seals(self) -> models.QuerySet[Seal]:
        """The seals of its rows. They are gone with the rows once it is purged."""
        seqs = (self.first_seq, self.last_seq)
        return Seal.objects.filter(stream=self.stream, kind=self.kind, seq__range=seqs)


class SealKey(models.Model):
    """The public half of a key that has signed checkpoints. The private half is never in the database."""

    id = models.CharField(primary_key=True, max_length=16)
    public = models.BinaryField(max_length=32)
    since = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.id


class MacKey(models.Model):
    """A mark of each key that MACs were made with, so that a lost or changed one is noticed."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    mark = models.CharField(max_length=16)

    def __str__(self) -> str:
        return f"MAC key {self.number}"


class ForgedRow(models.Model):
    """A row that the portal did not write, as it was when the sealer found it. It is part of the record no more."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=5)
    row_id = models.CharField(max_length=64)
    stream = models.UUIDField(help_text="The app it claimed to belong to.")
    found_at = models.DateTimeField(default=now)
    reason = models.CharField(max_length=20)
    contents = models.BinaryField(help_text="All its columns, as JSON.")

    class Meta:
        indexes = (models.Index(fields=["stream", "found_at"], name="forged_of_stream"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id}: {self.reason}"


class Tally(models.Model):
    """How much happened in one hour: to an app (key_id is NOWHERE) or with one key. Counted by the sealer."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    stream = models.UUIDField()
    key_id = models.UUIDField(default=NOWHERE)
    hour = models.DateTimeField()
    events = models.PositiveBigIntegerField(default=0)
    allowed = models.PositiveBigIntegerField(default=0)
    denied = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["stream", "key_id", "hour"], name="one_tally_an_hour"),
        )

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h of {self.stream}"
