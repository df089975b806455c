"""A Tuesday morning with news in it: what digests are made of."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from signals import digest
from signals.models import HealthModel, Reading, Signal
from tests.factories import organization, snapshot

# A Tuesday; the last digest was on Monday at 7.
MORNING = datetime(2026, 3, 10, 7, 30, tzinfo=UTC)

TODAY = MORNING.date()

DAY = timedelta(days=1)


def customer(external_id: str, owner, **values):
    org = organization(external_id, owner=owner)
    snapshot(org, mrr=Decimal(1000), **values)
    return org


def opened(org, at, kind="usage_drop", **values):
    defaults = {"sentence": "412, previous 1 180: −65 %", "money_at_stake": Decimal(650), "changed_at": at}
    return Signal.objects.create(organization=org, type=kind, opened_at=at, **{**defaults, **values})


def reading(org, day, band, score):
    model = HealthModel.objects.get()
    figures = {"coverage": 1, "mrr": 1000, "scored_at": MORNING}
    Reading.objects.create(organization=org, as_of=day, band=band, score=Decimal(score), model=model, **figures)


def news(user, scope="mine", since=MORNING - timedelta(days=1)):
    return {
        section.title: [(line.name, line.words, line.figure) for line in section.lines]
        for section in digest.news_of(user, scope, since, MORNING).sections
    }
