"""Evidence of past days as it was known then: daily rows before the day, subscriptions begun by it.

What the books say today about later days is left out: an end after the day counts as none, and a renewal counts when it
came from the renewal column. Everything else is `signals.evidence`.
"""

from collections.abc import Collection
from datetime import date, timedelta

from orgs.models import Organization
from revenue.answers.replay import payments
from revenue.books import Terms
from signals.evidence import seats, usage_facts
from signals.facts import Evidence
from tracker import adoption
from tracker.histories import histories


class Past:
    """Some organizations, to be looked at as of any day in [since, until]; reads its rows once."""

    def __init__(self, organization_ids: Collection[int], since: date, until: date, terms: Terms) -> None:
        self.currency = terms.currency
        self.payments = payments(organization_ids, terms)
        self.histories = histories(organization_ids, since, until)
        self.features_defined = adoption.defined()
        known = Organization.objects.filter(id__in=organization_ids)
        self.about = {
            org_id: (segment, renewal_on, seats(licensed))
            for org_id, segment, renewal_on, licensed in known.values_list(
                "id", "segment", "renewal_on", "properties__seats"
            )
        }

    def evidence(self, organization_id: int, day: date) -> Evidence:
        """One organization as of a day."""
        history = self.histories.get(organization_id)
        segment, renewal_on, licensed = self.about[organization_id]
        return Evidence(
            organization_id=organization_id,
            as_of=day,
            segment=segment,
            **usage_facts(history and history.as_of(day)),
            seats=licensed,
            features_used_28d=history.features_in_use(day) if history else 0,
            features_defined=self.features_defined,
            mrr=self.payments.on(organization_id, day),
            mrr_90_days_ago=self.payments.on(organization_id, day - timedelta(days=90), rates_of=day),
            currency=self.currency,
            renewal_on=renewal_on,
        )
