"""Contract ends, renewals and scheduled changes; contract ends also against plain loops on random books."""

from datetime import timedelta
from decimal import Decimal

import pytest

from revenue import answers
from revenue.models import Subscription
from tests import factories
from tests.revenue.stored import AS_OF, store_book

pytestmark = pytest.mark.django_db
SOON = AS_OF + timedelta(days=20)


def begin(row):
    return max(row.start_on, row.trial_end_on or row.start_on)


def counts(row, day):
    return begin(row) <= day and (row.end_on is None or day < row.end_on)


def plain_ends(as_of):
    rows = [row for row in Subscription.objects.filter(known_to=None, mrr__gt=0).select_related("key")]
    found = {}
    for row in rows:
        if not counts(row, as_of) or row.end_on is None:
            continue
        siblings = [other for other in rows if other.key.organization_id == row.key.organization_id]
        if any(
            counts(other, row.end_on) and (other.product_code == row.product_code or begin(other) == row.end_on)
            for other in siblings
        ):
            continue
        found.setdefault(row.key.organization_id, []).append(row.end_on)
    return {organization: min(days) for organization, days in found.items()}


@pytest.mark.parametrize("seed", range(5))
def test_contract_ends_equal_plain_loops(seed):
    store_book(seed, organizations=30, lines=300)
    expected = plain_ends(AS_OF)
    assert expected
    assert answers.contract_ends(AS_OF) == expected
    some = sorted(expected)[:3]
    assert answers.contract_ends(AS_OF, some) == {organization: expected[organization] for organization in some}


@pytest.mark.parametrize(
    ("product_code", "start_on", "mrr", "is_renewed"),
    [
        ("pro", SOON, "10", True),
        ("pro", SOON - timedelta(days=5), "10", True),
        ("pro", SOON + timedelta(days=1), "10", False),
        ("enterprise", SOON, "10", True),
        ("add-on", SOON - timedelta(days=5), "10", False),
        ("pro", SOON, "0", False),
    ],
)
def test_a_line_that_takes_over_is_a_renewal(product_code, start_on, mrr, is_renewed):
    org = factories.organization()
    factories.subscription(org, "10", end_on=SOON)
    factories.subscription(org, mrr, product_code=product_code, start_on=start_on)
    assert answers.contract_ends(AS_OF) == ({} if is_renewed else {org.pk: SOON})


def test_renewals_take_whichever_comes_first():
    first = factories.organization("first", renewal_on=SOON)
    factories.subscription(first, "10", end_on=SOON - timedelta(days=3))
    second = factories.organization("second", renewal_on=AS_OF)
    factories.subscription(second, "20")
    late = factories.organization("late", renewal_on=AS_OF + timedelta(days=89))
    factories.subscription(late, "40")
    factories.organization("free", renewal_on=SOON)
    beyond = factories.organization("beyond", renewal_on=AS_OF + timedelta(days=90))
    factories.subscription(beyond, "160")
    passed = factories.organization("passed", renewal_on=AS_OF - timedelta(days=1))
    factories.subscription(passed, "80")
    renewals = answers.renewals(AS_OF, 90)
    assert [(each.organization_id, each.on, each.reason, each.mrr) for each in renewals.items] == [
        (second.pk, AS_OF, "renewal date", Decimal("20.0000")),
        (first.pk, SOON - timedelta(days=3), "contract end", Decimal("10.0000")),
        (late.pk, AS_OF + timedelta(days=89), "renewal date", Decimal("40.0000")),
    ]
    assert (renewals.organizations, renewals.mrr) == (3, Decimal("70.0000"))
    within = renewals.within(30)
    assert (within.days, within.organizations, within.mrr) == (30, 2, Decimal("30.0000"))
    assert answers.renewals(AS_OF, 30) == within


def test_scheduled_changes_by_day_with_the_sums_of_all():
    org = factories.organization("org", display_name="Acme")
    factories.subscription(org, "10", end_on=SOON)
    factories.subscription(org, "25", product_code="team", start_on=SOON, end_on=SOON + timedelta(days=30))
    factories.subscription(org, "5", product_code="trial", trial_end_on=AS_OF + timedelta(days=2), currency="XAU")
    factories.subscription(org, "7", product_code="past", end_on=AS_OF)
    schedule = answers.scheduled(AS_OF, 3)
    assert [(each.on, each.kind, each.product_code, each.mrr, each.converted) for each in schedule.items] == [
        (AS_OF + timedelta(days=2), "start", "trial", Decimal("5.0000"), None),
        (SOON, "end", "pro", Decimal("-10.0000"), Decimal("-10.0000")),
        (SOON, "start", "team", Decimal("25.0000"), Decimal("25.0000")),
    ]
    assert (schedule.count, schedule.starting, schedule.ending) == (4, Decimal("25.0000"), Decimal("-35.0000"))
    assert schedule.items[0].name == "Acme"


def test_nothing_ahead():
    assert answers.contract_ends(AS_OF) == {}
    assert answers.renewals(AS_OF).items == ()
    assert answers.scheduled(AS_OF).count == 0
