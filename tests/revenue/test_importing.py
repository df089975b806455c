"""Subscription imports: versions, the money question, refusals and warnings."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from config import db
from orgs.importing import batches, options
from orgs.importing.batches import End
from orgs.keys import ensure_keys
from orgs.models import ImportBatch, Organization, OrganizationKey
from revenue.models import ExchangeRate, Subscription

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HEADER = "external_org_id,product_code,mrr,currency,start_at,end_at,subscription_id\n"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def organizations() -> None:
    ensure_keys(["a", "b"], timezone.now())


def received(*rows: str, header: str = HEADER, **chosen) -> ImportBatch:
    content = (header + "".join(f"{row}\n" for row in rows)).encode()
    batch = batches.receive(
        "subscriptions", file_name="s.csv", content=content, options=options.choose(NOW, **chosen), user=None, now=NOW
    )
    batches.preview(batch)
    return batch


def imported(*rows: str, **chosen) -> batches.Outcome:
    batch = received(*rows, **chosen)
    return batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=NOW)


def books() -> list[tuple]:
    found = Subscription.objects.order_by("known_from", "id")
    return [(str(s.mrr), s.end_on and str(s.end_on), str(s.known_from), s.known_to and str(s.known_to)) for s in found]


def reasons(batch: ImportBatch, what: str = "refused") -> list[tuple]:
    return [(group["column"], [line["line"] for line in group["lines"]]) for group in batch.report[what]]


def test_a_change_on_a_later_day_closes_the_old_version() -> None:
    imported("a,p,100,EUR,2024-01-10,,", known_on=date(2024, 1, 10))
    imported("a,p,100,EUR,2024-01-10,2024-02-20,", known_on=date(2024, 4, 5))
    assert books() == [
        ("100.0000", None, "2024-01-10", "2024-04-05"),
        ("100.0000", "2024-02-20", "2024-04-05", None),
    ]


def test_a_change_on_the_same_day_replaces_the_version() -> None:
    imported("a,p,100,EUR,2024-01-10,,")
    before = Subscription.objects.get().pk
    assert imported("a,p,120,EUR,2024-01-10,,").batch.counts["changed"] == 1
    assert books() == [("120.0000", None, "2026-11-20", None)]
    assert Subscription.objects.get().pk == before


def test_what_is_known_since_later_cannot_have_changed_before() -> None:
    imported("a,p,100,EUR,2024-01-10,,", known_on=date(2024, 4, 5))
    outcome = imported("a,p,120,EUR,2024-01-10,,", known_on=date(2024, 4, 4))
    assert outcome.end is End.REFUSED_ROWS
    assert books() == [("100.0000", None, "2024-04-05", None)]


def test_the_same_file_again_changes_nothing() -> None:
    imported("a,p,100,EUR,2024-01-10,2027-01-01,s1", "b,p,50,,2024-02-01,,")
    outcome = imported("a,p,100,EUR,2024-01-10,2027-01-01,s1", "b,p,50,,2024-02-01,,", known_on=date(2026, 12, 1))
    assert outcome.batch.counts == {"new": 0, "changed": 0, "unchanged": 2, "refused": 0}
    assert len(books()) == 2


def test_an_empty_end_keeps_the_stored_one_and_none_removes_it() -> None:
    imported("a,p,100,EUR,2024-01-10,2027-01-01,")
    kept = imported("a,p,110,EUR,2024-01-10,,")
    assert "1 row keeps its stored end" in " ".join(kept.batch.report["notices"])
    assert books() == [("110.0000", "2027-01-01", "2026-11-20", None)]
    imported("a,p,110,EUR,2024-01-10,none,")
    assert books() == [("110.0000", None, "2026-11-20", None)]


def test_the_money_question() -> None:
    ExchangeRate.objects.create(date=date(2026, 1, 1), currency="USD", per_eur=Decimal("1.25"))
    imported("a,p,100,EUR,2024-01-10,,", "b,p,50,EUR,2024-01-10,,")
    batch = received("a,p,100,EUR,2024-01-10,2026-11-20,", "b,p,50,USD,2024-01-10,,", "b,q,10,XXX,2024-01-10,,")
    facts = batch.report["facts"]
    assert (facts["mrr_before"], facts["mrr_after"]) == ("150.0000", "40.0000")
    assert facts["losing"] == [["a", "100.0000"]]
    assert facts["currencies"] == {"EUR": 1, "USD": 1, "XXX": 1}
    assert facts["unconverted"] == {"XXX": 1}
    assert len(books()) == 2


def test_refusals_name_line_and_column_all_at_once() -> None:
    batch = received(
        ",p,100,EUR,2024-01-10,,",
        "a,p,NaN,EUR,2024-01-10,,",
        "a,p,100,EUR,,,",
        "a,p,100,EUR,2024-02-30,,",
        "a,p,100,EUR,2024-03-10,2024-02-10,",
        "nobody,p,100,EUR,2024-01-10,,",
        "a,p,1,EUR,2024-05-01,,",
        "a,p,2,EUR,2024-05-01,,",
    )
    assert sorted(reasons(batch)) == [
        ("end_at", [6]),
        ("external_org_id", [2]),
        ("external_org_id", [7]),
        ("mrr", [3]),
        ("start_at", [4]),
        ("start_at", [5]),
        ("start_at", [8]),
        ("start_at", [9]),
    ]
    assert batch.counts == {"new": 0, "changed": 0, "unchanged": 0, "refused": 8}
    assert not Subscription.objects.exists()


def test_warnings_do_not_refuse() -> None:
    batch = received(
        "a,p,-5,EUR,2024-01-10,,",
        "a,q,5,EUR,2024-01-10,2024-01-10,",
        "b,p,5,EUR,2024-01-10,,x",
        "b,p,5,EUR,2024-06-10,,y",
        "b,r,5,EUR,2027-06-10,,",
    )
    assert batch.counts["refused"] == 0
    assert sorted(reasons(batch, "warnings")) == [
        ("end_at", [3]),
        ("mrr", [2]),
        ("product_code", [5]),
        ("start_at", [6]),
    ]


def test_missing_organizations_are_created_only_when_asked_for() -> None:
    assert imported("new,p,1,EUR,2024-01-10,,").end is End.REFUSED_ROWS
    assert not Organization.objects.filter(external_id="new").exists()
    assert imported("new,p,1,EUR,2024-01-10,,", create_missing=True).end is End.DONE
    assert Subscription.objects.get().key.external_id == "new"
    assert Organization.objects.get(external_id="new").imported_at == NOW


def test_a_complete_file_ends_what_it_does_not_name() -> None:
    imported("a,p,100,EUR,2024-01-10,,", "b,p,50,EUR,2024-01-10,,", "b,q,5,EUR,2020-01-01,2021-01-01,")
    batch = received("a,p,100,EUR,2024-01-10,,", is_complete=True)
    assert (batch.report["facts"]["ended"], batch.report["facts"]["mrr_after"]) == (1, "100.0000")
    batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=NOW)
    ended = Subscription.objects.get(key__external_id="b", product_code="p")
    assert str(ended.end_on) == "2026-11-20"
    assert str(Subscription.objects.get(product_code="q").end_on) == "2021-01-01"


def test_a_file_with_refused_rows_ends_nothing() -> None:
    imported("a,p,100,EUR,2024-01-10,,", "b,p,50,EUR,2024-01-10,,")
    batch = received("a,p,oops,EUR,2024-01-10,,", is_complete=True)
    batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, valid_rows_only=True, now=NOW)
    assert [end for _, end, _, _ in books()] == [None, None]


def test_the_inclusive_convention_adds_a_day_and_is_proposed() -> None:
    batch = received("a,p,1,EUR,2024-03-01,2024-03-31,", "a,p,1,EUR,2024-04-01,,")
    assert any("inclusive" in notice for notice in batch.report["notices"])
    imported("a,p,1,EUR,2024-03-01,2024-03-31,", end_convention="inclusive")
    assert str(Subscription.objects.get().end_on) == "2024-04-01"


@pytest.mark.parametrize(
    "rows",
    [
        ["a,p,1,EUR,2024-03-01,2024-04-01,", "a,p,1,EUR,2024-04-01,9999-12-31,"],
        ["a,p,1,EUR,2024-03-01,2024-03-31,", "b,p,1,EUR,2024-04-01,,"],
        ["a,p,1,EUR,2024-03-01,2024-03-31,", "a,q,1,EUR,2024-04-01,2024-05-01,", "a,p,1,EUR,2024-05-01,,"],
    ],
    ids=["touching", "another organization", "as many of both"],
)
def test_ends_that_prove_nothing_propose_nothing(rows: list[str]) -> None:
    assert not any("inclusive" in notice for notice in received(*rows).report["notices"])


def test_an_alias_means_the_same_organization() -> None:
    imported("a,p,100,EUR,2024-01-10,,", "a,q,7,EUR,2024-01-10,,s1")
    OrganizationKey.objects.filter(external_id="b").update(organization=Organization.objects.get(external_id="a"))
    batch = received("b,p,100,EUR,2024-01-10,,", "b,q,7,EUR,2024-01-10,,s1")
    assert batch.counts == {"new": 0, "changed": 0, "unchanged": 2, "refused": 0}
    imported("b,p,120,EUR,2024-01-10,,", "b,r,1,EUR,2024-01-10,,")
    found = Subscription.objects.order_by("product_code").values_list("product_code", "key__external_id", "mrr")
    assert list(found) == [("p", "a", Decimal(120)), ("q", "a", Decimal(7)), ("r", "b", Decimal(1))]


def test_an_id_and_its_alias_in_one_file_mean_the_same_line() -> None:
    OrganizationKey.objects.filter(external_id="b").update(organization=Organization.objects.get(external_id="a"))
    batch = received("a,p,100,EUR,2024-01-10,,", "b,p,100,EUR,2024-01-10,,")
    assert reasons(batch) == [("start_at", [2]), ("start_at", [3])]
    assert "same organization, product and start as line 3" in batch.report["refused"][0]["reason"]


def test_lines_that_were_two_before_the_alias_stay_two() -> None:
    rows = ["a,p,100,EUR,2024-01-10,,", "b,p,50,EUR,2024-01-10,,"]
    imported(*rows)
    OrganizationKey.objects.filter(external_id="b").update(organization=Organization.objects.get(external_id="a"))
    assert received(*rows).counts == {"new": 0, "changed": 0, "unchanged": 2, "refused": 0}


def test_rows_without_an_id_are_matched_at_once_however_many() -> None:
    rows = [f"a,p{number},1,EUR,2024-01-10,," for number in range(10_000)]
    imported(*rows)
    with db.in_time(4):
        assert received(*rows).counts["unchanged"] == 10_000


def test_amount_and_interval_make_the_monthly_value() -> None:
    header = "external_org_id,product_code,amount,interval,currency,start_at\n"
    batch = received("a,p,2000,year,EUR,2024-01-10", "b,p,10,Week,EUR,2024-01-10", header=header)
    batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=NOW)
    assert [str(s.mrr) for s in Subscription.objects.order_by("id")] == ["166.6667", "43.3333"]
    assert [s.interval for s in Subscription.objects.order_by("id")] == ["year", "week"]
