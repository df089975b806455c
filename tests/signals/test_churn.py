"""The churn log keeps up with the books, and what people said about it stays."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from config.backoffice import audit
from config.backoffice.refused import Refused
from revenue.models import Subscription
from signals import backtest, churn, scoring
from signals.models import Churn, Reading
from signals.versions import publishing
from tests import factories
from tests.signals.world import NOW, TODAY, days_ago, paying, silent, span, used

pytestmark = pytest.mark.django_db


def left(external_id: str, on: date, mrr: str = "500"):
    org = factories.organization(external_id)
    factories.subscription(org, mrr, end_on=on)
    return org


def test_who_stopped_paying_is_found_on_the_day(db):
    paying("stays")
    gone = left("gone", date(2026, 1, 20), "500")
    left("long-gone", date(2024, 5, 1))
    left("ends-later", TODAY + timedelta(days=3))
    back = left("back", date(2026, 2, 5))
    factories.subscription(back, "700", product_code="new", start_on=date(2026, 2, 20))
    assert churn.keep_up(NOW) == churn.Round(found=1, changed=0, withdrawn=0, scored=1)
    row = Churn.objects.get()
    assert (row.organization, row.churned_on, row.mrr, row.reasons, row.found_at) == (
        gone,
        date(2026, 1, 20),
        Decimal("500.0000"),
        [],
        NOW,
    )
    assert churn.keep_up(NOW) == churn.Round(0, 0, 0, 0)


def test_scores_before_are_the_stored_ones_else_computed():
    org = silent("gone", last=20)
    Subscription.objects.update(end_on=days_ago(5))
    stored = days_ago(5 + 30)
    scoring.score(stored, NOW)
    Reading.objects.filter(as_of=stored).update(score=Decimal("12.34"))
    churn.keep_up(NOW)
    row = Churn.objects.get()
    [at_60] = churn.scores_on({(org.pk, days_ago(65))}).values()
    assert row.score_30 == Decimal("12.34")
    assert row.score_60 == at_60
    assert row.score_90 is None
    assert Reading.objects.count() == 1


def test_scores_that_nobody_stored_are_those_of_a_backtest():
    org = paying("gone", since=days_ago(500))
    used(org, span(300, 61))
    used(org, span(60, 12)[::5])
    Subscription.objects.update(end_on=days_ago(10))
    churn.keep_up(NOW)
    row = Churn.objects.get()
    numbers = backtest.Numbers(publishing.in_force(), publishing.rule_book())
    [left] = backtest.backtest(TODAY, numbers, lambda done, total: None).departures
    assert left.scores == {30: row.score_30, 60: row.score_60, 90: row.score_90}
    assert row.score_90 == row.score_60 == 100 > row.score_30 > 0


def test_a_corrected_file_withdraws_it_but_not_what_somebody_said():
    ada = factories.staff("ada")
    left("gone", date(2026, 1, 20))
    told = left("told", date(2026, 2, 3))
    churn.keep_up(NOW)
    row = Churn.objects.get(organization=told)
    churn.explain(row.pk, ["price", "competitor"], comment=" Too dear\0 ", actor=ada, now=NOW)
    Subscription.objects.update(end_on=None)
    assert churn.keep_up(NOW).withdrawn == 2
    kept = Churn.objects.get()
    assert (kept.is_withdrawn, kept.reasons, kept.comment) == (True, ["price", "competitor"], "Too dear")
    assert not Churn.objects.in_books().exists()
    Subscription.objects.filter(key__organization=told).update(end_on=date(2026, 2, 3), mrr=Decimal(600))
    assert churn.keep_up(NOW).changed == 1
    kept.refresh_from_db()
    assert (kept.is_withdrawn, kept.mrr, kept.reasons) == (False, Decimal("600.0000"), ["price", "competitor"])


def test_what_somebody_says_while_it_is_withdrawn_stays(monkeypatch):
    """The round has read a line without a reason; by the time it takes it back, there is one."""
    ada = factories.staff("ada")
    left("gone", date(2026, 1, 20))
    left("told", date(2026, 2, 3))
    churn.keep_up(NOW)
    Subscription.objects.update(end_on=None)
    withdraw = churn.withdraw

    def after_a_word(gone):
        read = list(gone)
        row = Churn.objects.get(organization__external_id="told")
        churn.explain(row.pk, ["price"], comment="A long talk", actor=ada, now=NOW)
        return withdraw(read)

    monkeypatch.setattr(churn, "withdraw", after_a_word)
    assert churn.keep_up(NOW).withdrawn == 2
    kept = Churn.objects.get()
    assert (kept.is_withdrawn, kept.reasons, kept.comment) == (True, ["price"], "A long talk")


@pytest.mark.parametrize(
    ("reasons", "comment", "words"),
    [
        ([], "", "one to three"),
        (["price", "support", "closed", "other"], "", "one to three"),
        (["weather"], "", "“weather” is no reason"),
        (["price"], "x" * 501, "501 characters"),
    ],
)
def test_refusals_change_nothing(reasons, comment, words):
    ada = factories.staff("ada")
    left("gone", date(2026, 1, 20))
    churn.keep_up(NOW)
    with pytest.raises(Refused, match=words):
        churn.explain(Churn.objects.get().pk, reasons, comment=comment, actor=ada, now=NOW)
    assert Churn.objects.get().explained_at is None


def test_the_page(client):
    ada = factories.staff("ada")
    client.force_login(ada)
    mine = left("mine", date(2026, 1, 20), "500")
    left("other", date(2026, 2, 2), "300")
    mine.owner = ada
    mine.save()
    churn.keep_up(NOW)
    row = Churn.objects.get(organization=mine)
    context = client.get("/admin/churn/").context
    assert ([each.organization.external_id for each in context["page"]], context["lost"], context["unexplained"]) == (
        ["other", "mine"],
        Decimal(800),
        2,
    )
    assert client.get("/admin/churn/?scope=mine").context["lost"] == Decimal(500)
    client.post(f"/admin/churn/{row.pk}/explain/", {"reason": ["price"], "comment": "<b>dear</b>"})
    row.refresh_from_db()
    assert (row.reasons, row.explained_by) == (["price"], ada)
    assert audit.of(mine).get().action == "churn.explained"
    listed = client.get("/admin/churn/?scope=all&reason=price")
    assert [each.organization for each in listed.context["page"]] == [mine]
    assert "<b>dear" not in listed.content.decode()
    assert [each.organization.external_id for each in client.get("/admin/churn/?show=unexplained").context["page"]] == [
        "other"
    ]
