"""Arrays as PostgreSQL reads them, each written as one text.

The driver would adapt every value by itself, which takes longer than the query.
"""

from collections.abc import Iterable
from uuid import UUID


def of_ids(ids: Iterable[UUID]) -> str:
    """For a parameter that is cast to uuid[]."""
    return f"{{{','.join([one.hex for one in ids])}}}"


def of_numbers(numbers: Iterable[int]) -> str:
    """For a parameter that is cast to bigint[]."""
    return f"{{{','.join(map(str, numbers))}}}"


def of_bytes(values: Iterable[bytes]) -> str:
    """For a parameter that is cast to bytea[]."""
    texts = [f'"\\\\x{one.hex()}"' for one in values]
    return f"{{{','.join(texts)}}}"
