"""A cohort as the filter of a page."""

from types import SimpleNamespace

import pytest

from orgs.cohorts import choosing
from orgs.cohorts.choosing import CohortChoice
from tests import factories

pytestmark = pytest.mark.django_db


def test_what_an_address_names():
    acme, other = factories.organization("acme"), factories.organization("other")
    large = factories.cohort("Large", acme)
    choice = CohortChoice.of({"cohort": str(large.pk)})
    assert (choice.chosen, choice.word, choice.query) == (large.pk, "Large", f"&cohort={large.pk}")
    assert choice.names == {large.pk: "Large"}
    assert choosing.members(choice.chosen) == {acme.pk}
    rows = [SimpleNamespace(organization_id=each.pk) for each in (acme, other)]
    assert choosing.within(rows, choosing.members(choice.chosen)) == rows[:1]


@pytest.mark.parametrize("text", ["", "x", "-1", "²", "9" * 40])
def test_what_makes_no_sense_is_everybody(text):
    choice = CohortChoice.of({"cohort": text})
    assert (choice.chosen, choice.word, choice.query) == (None, "", "")
    assert choosing.members(choice.chosen) is None
    rows = [SimpleNamespace(organization_id=1)]
    assert choosing.within(rows, None) == rows


def test_one_that_is_gone_is_nobody_and_says_so():
    choice = CohortChoice.of({"cohort": "7"})
    assert (choice.chosen, choice.word) == (7, "An unknown cohort")
    assert choosing.members(7) == frozenset()
