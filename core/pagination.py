"""Pages of a list: fifty rows, the number of all that match, and the filters kept in the links between them."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of rows and the query it was asked for with."""

    page: Page[Any]
    query: str
    """The filters as they stand in the address, for the links of templates/pager.html."""

    @classmethod
    def from_query(cls, rows: QuerySet[Any], query: MultiValueDict[str, str]) -> "ListPage":
        """The page that `query` asks for, or the nearest there is."""
        filters = {name: values for name, values in query.lists() if name != "page"}
        return cls(Paginator(rows, PAGE_SIZE).get_page(query.get("page")), urlencode(filters, doseq=True))

    @property
    def rows(self) -> list[Any]:
        """The rows of this page."""
        return list(self.page.object_list)

    @property
    def total(self) -> int:
        """How many rows match, on all pages."""
        return int(self.page.paginator.count)
