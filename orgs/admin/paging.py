"""Pages of the long list of organizations."""

from django.utils.functional import cached_property

from config.backoffice.paging import NarrowPaginator
from orgs import totals


class OrganizationPaginator(NarrowPaginator):
    """One look at the whole list gives its count and its MRR."""

    @cached_property
    def total(self) -> totals.Amount:
        """Of the whole list, not of a page."""
        return totals.amount(self.object_list)

    @cached_property
    def count(self) -> int:
        return self.total.organizations
