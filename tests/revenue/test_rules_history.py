"""R28-R30 at their edges: versions, refusals, identity. Expected figures are worked out by hand."""

import io

import pytest
from django.core.management import call_command
from django.utils import timezone

from orgs import aliases
from orgs.keys import ensure_keys
from tests.revenue.given import Books

pytestmark = pytest.mark.django_db
WITH_ID = "external_org_id,product_code,mrr,currency,start_at,end_at,subscription_id"
OPEN = "a,p,100,EUR,2024-01-10,,1\nb,p,50,EUR,2024-02-01,,2"


@pytest.fixture
def books(tmp_path) -> Books:
    return Books(tmp_path)


def ends(books: Books, *known: str, since: str = "2024-01", as_of: str = "2024-04-30") -> list[str]:
    return [month["mrr_end"] for month in books.report(since, as_of, *known)["months"]]


def test_a_line_that_moved_in_price_start_and_organization_keeps_its_history(books: Books) -> None:
    books.lines(OPEN, "--known-on", "2024-02-05", header=WITH_ID)
    books.lines("a,p,100,EUR,2024-01-10,2024-03-20,1", "--known-on", "2024-03-05", header=WITH_ID)
    books.lines("c,q,70,EUR,2024-02-10,none,1", "--known-on", "2024-04-05", header=WITH_ID)
    assert ends(books, "--known-on", "2024-02-04") == ["0.0000"] * 4
    assert ends(books, "--known-on", "2024-02-05") == ["100.0000", "150.0000", "150.0000", "150.0000"]
    assert ends(books, "--known-on", "2024-03-04") == ["100.0000", "150.0000", "150.0000", "150.0000"]
    assert ends(books, "--known-on", "2024-03-05") == ["100.0000", "150.0000", "50.0000", "50.0000"]
    assert ends(books) == ["0.0000", "120.0000", "120.0000", "120.0000"]
    assert books.report("2024-04", "2024-04-30")["org_mrr_at_as_of"] == {"b": "50.0000", "c": "70.0000"}


def test_a_complete_file_ends_what_it_leaves_out_from_its_day_on(books: Books) -> None:
    books.lines(OPEN, "--known-on", "2024-02-05", header=WITH_ID)
    books.lines("b,p,50,EUR,2024-02-01,,2", "--known-on", "2024-03-20", "--complete", header=WITH_ID)
    assert ends(books) == ["100.0000", "150.0000", "50.0000", "50.0000"]
    assert ends(books, "--known-on", "2024-03-19") == ["100.0000", "150.0000", "150.0000", "150.0000"]


def test_what_an_undone_import_replaced_stands_again_in_every_view(books: Books) -> None:
    books.lines(OPEN, "--known-on", "2024-02-05", header=WITH_ID)
    before = books.report("2024-01", "2024-04-30")
    changed = "a,p,1,EUR,2024-01-10,,1\nc,p,9,EUR,2024-01-01,,3"
    batch = books.lines(changed, "--known-on", "2024-03-05", header=WITH_ID)["batch"]
    assert ends(books) == ["10.0000", "60.0000", "60.0000", "60.0000"]
    call_command("undo_import", str(batch), "--json", stdout=io.StringIO())
    assert books.report("2024-01", "2024-04-30") == before
    assert ends(books, "--known-on", "2024-03-05") == ["100.0000", "150.0000", "150.0000", "150.0000"]


def test_as_known_on_a_day_reactivation_and_cohorts_follow_the_books_of_that_day(books: Books) -> None:
    books.lines("a,p,10,EUR,2024-03-10,,new", "--known-on", "2024-03-10", header=WITH_ID)
    books.lines("a,p,10,EUR,2023-01-10,2023-02-10,old", "--known-on", "2024-03-20", header=WITH_ID)
    [then] = books.report("2024-03", "2024-03-31", "--known-on", "2024-03-19")["months"]
    [now] = books.report("2024-03", "2024-03-31")["months"]
    assert (then["new"], then["reactivation"]) == ("10.0000", "0.0000")
    assert (now["new"], now["reactivation"]) == ("0.0000", "10.0000")


REFUSED = [
    (",p,1,EUR,2024-01-01,", "no external_org_id"),
    (",p,abc,EUR,,", "no external_org_id"),
    ("a,p,abc,EUR,,", "mrr is not a number"),
    ("a,p,,EUR,2024-01-01,", "mrr is not a number"),
    ("a,p,Infinity,EUR,2024-01-01,", "mrr is not a number"),
    ("a,p,-nan,EUR,2024-01-01,", "mrr is not a number"),
    ("a,p,1e3,EUR,2024-01-01,", "mrr is not a number"),
    ("a,p,1,EUR,,2024-02-30", "no start_at"),
    ("a,p,1,EUR,2024-13-01,", "bad date"),
    ("a,p,1,EUR,2023-02-29,2023-01-01", "bad date"),
    ("a,p,1,EUR,01/02/2024,", "bad date"),
    ("a,p,1,EUR,45000,", "bad date"),
    ("a,p,1,EUR,2024-01-01,tomorrow", "bad date"),
    ("a,p,1,EUR,2024-02-01,2024-01-31", "end_at before start_at"),
]


def test_a_refused_row_is_told_by_its_first_reason(books: Books) -> None:
    books.lines("\n".join([*(row for row, _reason in REFUSED), "a,p,7,EUR,2024-01-01,"]))
    report = books.report("2024-01", "2024-01-31")
    assert report["rejected_rows"] == [{"row": index, "reason": reason} for index, (_row, reason) in enumerate(REFUSED)]
    assert report["months"][0]["mrr_end"] == "7.0000"


def test_many_rows_refused_for_one_reason_are_all_told(books: Books) -> None:
    books.lines("\n".join(["a,p,7,EUR,2024-01-01,", *["a,p,abc,EUR,2024-01-01,"] * 60]))
    rejected = books.report("2024-01", "2024-01-31")["rejected_rows"]
    assert [each["row"] for each in rejected] == list(range(1, 61))


def test_a_file_of_refused_rows_alone_changes_nothing_and_is_told(books: Books) -> None:
    books.lines("a,p,7,EUR,2024-01-01,")
    books.lines("a,p,9,EUR,2024-02-01,2024-01-01")
    report = books.report("2024-01", "2024-01-31")
    assert report["org_mrr_at_as_of"] == {"a": "7.0000"}
    assert report["rejected_rows"] == [{"row": 0, "reason": "end_at before start_at"}]


ODD = [
    ("a,p,-1,EUR,2024-01-01,2024-02-01", "mrr", "negative mrr"),
    ("a,q,1,EUR,2024-01-01,2024-01-01", "end_at", "never active"),
    ("a,r,1,EUR,2999-01-01,", "start_at", "starts in the future"),
    ("a,s,1,EUR,2024-01-01,2024-02-01", None, ""),
    ("a,s,2,EUR,2024-01-31,", "product_code", "overlaps another subscription"),
    ("a,t,1,EUR,2024-01-01,2024-02-01", None, ""),
    ("a,t,1,EUR,2024-02-01,", None, ""),
]


def test_odd_rows_are_taken_with_a_warning(books: Books) -> None:
    answer = books.lines("\n".join(row for row, _column, _what in ODD))
    assert (answer["new"], answer["refused"]) == (7, [])
    said = {each["line"]: each for each in answer["warnings"]}
    assert {line: each["column"] for line, each in said.items()} == {
        line: column for line, (_row, column, _what) in enumerate(ODD, start=2) if column
    }
    assert all(ODD[line - 2][2] in each["message"] for line, each in said.items())


def test_identity_without_an_id_is_organization_product_and_start(books: Books) -> None:
    books.lines("a,p,10,EUR,2024-01-01,\na,p,20,EUR,2024-01-02,\na,q,40,EUR,2024-01-01,")
    again = books.lines(" a ,p,15,EUR,2024-01-01T22:00:00Z,\nA,p,5,EUR,2024-01-01,")
    assert (again["new"], again["changed"]) == (1, 1)
    assert books.report("2024-01", "2024-01-31")["org_mrr_at_as_of"] == {"A": "5.0000", "a": "75.0000"}


def test_the_same_id_twice_in_a_file_takes_neither(books: Books) -> None:
    twice = "a,p,10,EUR,2024-01-01,,1\nb,q,20,EUR,2024-02-01,,1\nc,p,5,EUR,2024-01-01,,2"
    answer = books.lines(twice, header=WITH_ID)
    assert [(each["line"], each["column"]) for each in answer["refused"]] == [
        (2, "subscription_id"),
        (3, "subscription_id"),
    ]
    assert ends(books, as_of="2024-01-31") == ["5.0000"]


def test_an_alias_joins_lines_under_both_ids(books: Books) -> None:
    books.lines("a-1,p,10,EUR,2024-01-01,")
    now = timezone.now()
    ensure_keys(["a_1"], now)
    aliases.accept("a_1", "a-1", actor=None, now=now)
    answer = books.lines("a_1,p,30,EUR,2024-01-01,\na_1,q,5,EUR,2024-01-01,")
    assert (answer["new"], answer["changed"]) == (1, 1)
    assert books.report("2024-01", "2024-01-31")["org_mrr_at_as_of"] == {"a-1": "35.0000"}
