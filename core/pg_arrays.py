"""Array literals of PostgreSQL.

The driver would adapt every value by itself, which takes longer than the query.
"""

from collections.abc import Iterable


def text_array(words: Iterable[str]) -> str:
    """For a parameter that is cast to text[] or uuid[]: letters, digits, `:`, `-` and `_`. Empty ones are NULL."""
    texts = [f'"{word}"' if word else "NULL" for word in words]
    return f"{{{','.join(texts)}}}"


def number_array(numbers: Iterable[int]) -> str:
    """For a parameter that is cast to bigint[]."""
    return f"{{{','.join(map(str, numbers))}}}"


def bytes_array(values: Iterable[bytes]) -> str:
    """For a parameter that is cast to bytea[]."""
    texts = [f'"\\\\x{value.hex()}"' for value in values]
    return f"{{{','.join(texts)}}}"
