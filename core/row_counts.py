"""Counts the related rows of each row of a list."""

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce


def count_by(rows: QuerySet[Any], by: str) -> Coalesce:
    """How many of `things` name each row in their column `by`.

    Each table is counted apart: joined, the rows of one would be multiplied by those of another.
    """
    grouped = rows.filter(**{by: OuterRef("pk")}).order_by().values(by)
    return Coalesce(Subquery(grouped.annotate(n=Count("pk")).values("n")), 0)
