"""Pages of the long list of organizations."""

from django.core.paginator import Page, Paginator
from django.utils.functional import cached_property

from orgs import totals


class OrganizationPaginator(Paginator):
    """One look at the whole list gives its count and its MRR; whole rows are read once it is known whose they are.

    Sorting twenty thousand rows for a page far down takes half the time when only ids are sorted.
    """

    @cached_property
    def total(self) -> totals.Amount:
        """Of the whole list, not of a page."""
        return totals.amount(self.object_list)

    @cached_property
    def count(self) -> int:
        return self.total.organizations

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        ids = self.object_list.values("pk")[start : start + self.per_page]
        return self._get_page(self.object_list.filter(pk__in=ids), number, self)
