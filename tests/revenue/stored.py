"""Random books in the database: aliases, gaps, trials, discounts, old versions, foreign and unknown currencies."""

import random
from datetime import date, timedelta
from decimal import Decimal

from orgs.models import Organization, OrganizationKey
from revenue.models import ExchangeRate, Subscription
from tests.factories import NOW

AS_OF = date(2026, 3, 10)
PRODUCTS = ("pro", "team", "seats", "")
CURRENCIES = ("EUR", "EUR", "EUR", "USD", "JPY", "XAU")


def store_rates(chance: random.Random) -> None:
    """A rate a week for two currencies; XAU has none."""
    days = [AS_OF - timedelta(days=7 * week) for week in range(60)]
    ExchangeRate.objects.bulk_create(
        ExchangeRate(date=day, currency=currency, per_eur=Decimal(chance.randint(low, high)).scaleb(-3))
        for day in days
        for currency, low, high in (("USD", 900, 1300), ("JPY", 120_000, 180_000))
    )


def store_organizations(count: int) -> list[Organization]:
    """Each with its own key; every fifth joined with a second one."""
    organizations = Organization.objects.bulk_create(
        Organization(external_id=f"org-{number}", created_at=NOW, changed_at=NOW) for number in range(count)
    )
    OrganizationKey.objects.bulk_create(
        OrganizationKey(external_id=external_id, organization=each, created_at=NOW)
        for number, each in enumerate(organizations)
        for external_id in [each.external_id, *([f"alias-{number}"] if number % 5 == 0 else [])]
    )
    return organizations


def store_book(seed: int, organizations: int = 40, lines: int = 160) -> list[Subscription]:
    """The rows of a random book, with dates around `AS_OF`."""
    chance = random.Random(seed)
    store_rates(chance)
    store_organizations(organizations)
    keys = list(OrganizationKey.objects.order_by("id"))
    return Subscription.objects.bulk_create(random_line(chance, keys, number) for number in range(lines))


def random_line(chance: random.Random, keys: list[OrganizationKey], number: int) -> Subscription:
    start = AS_OF - timedelta(days=chance.randint(-60, 500))
    length = chance.choice([None, None, 0, 14, 31, 90, 365, chance.randint(1, 500)])
    trial = chance.choice([None, None, None, 14, 40])
    mrr = Decimal(chance.choice([0, 1, 999, 9900, 120_050, -500, -20_000])) / 100
    return Subscription(
        key=chance.choice(keys),
        subscription_id=str(number),
        product_code=chance.choice(PRODUCTS),
        mrr=mrr,
        currency=chance.choice(CURRENCIES),
        start_on=start,
        end_on=start + timedelta(days=length) if length is not None else None,
        trial_end_on=start + timedelta(days=trial) if trial else None,
        known_from=start,
        known_to=AS_OF - timedelta(days=5) if chance.random() < 0.1 else None,
    )
