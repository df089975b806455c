import pytest
from revenue import facts, books, answers
from revenue.facts import *
from tests.revenue.stored import store_book, AS_OF
from tests import factories
from revenue.models import *
pytestmark = pytest.mark.django_db
def test_it():
    store_book(4)
    known = facts.get(AS_OF, factories.NOW)
    book = books.load(AS_OF)
    from revenue.mrr.report import report
    full = report(book, facts.first_month_of(AS_OF))
    assert tuple(facts.last_months(AS_OF, 500)) == full.months
    assert tuple(facts.last_cohorts()) == full.cohorts
    assert known.lists.products == answers.by_product(AS_OF)
    assert list(known.lists.top) == answers.top_organizations(AS_OF, 10)
    assert known.lists.changes == answers.changes_of_month(AS_OF).items[:10]
    assert known.lists.unconverted == full.unconverted
    assert known.lists.rate_warnings == full.rate_warnings
    assert facts.refresh(AS_OF, factories.NOW) is None
    Subscription.objects.filter(pk=Subscription.objects.known_now().first().pk).update(mrr=7)
    assert facts.refresh(AS_OF, factories.NOW)
    full = report(books.load(AS_OF), facts.first_month_of(AS_OF))
    assert tuple(facts.last_months(AS_OF, 500)) == full.months
    assert tuple(facts.last_cohorts()) == full.cohorts
