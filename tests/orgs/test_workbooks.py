"""Excel workbooks as people have them: read where the cell says what was typed, refused with a hint where not."""

import io
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from config.backoffice import exports
from orgs.importing import batches, options
from orgs.importing.reading import FileRefused
from tests.factories import NOW, organization, subscription

ORGS = ["external_org_id", "display_name", "renewal_on"]
SUBS = ["external_org_id", "product_code", "mrr", "currency", "start_at"]

pytestmark = pytest.mark.django_db


def book(*rows: list, formats: dict[str, str] | None = None, sheets: int = 1) -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    for place, number_format in (formats or {}).items():
        made.active[place].number_format = number_format
    for number in range(1, sheets):
        made.create_sheet(f"other {number}")
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def plan(kind: str, content: bytes):
    return batches.plan_content(kind, content, options.choose(NOW))


def test_text_numbers_and_days() -> None:
    rows = [ORGS, ["007", "Bond", date(2027, 3, 1)], [1001, "Numbered", None], [], ["o3", None, datetime(2027, 1, 2)]]
    found = plan("organizations", book(*rows, sheets=2))
    assert [(row.line, row.new.external_id, row.new.given) for row in found.rows] == [
        (2, "007", {"display_name": "Bond", "renewal_on": date(2027, 3, 1)}),
        (3, "1001", {"display_name": "Numbered"}),
        (5, "o3", {"renewal_on": date(2027, 1, 2)}),
    ]
    assert "sheet “Sheet” of the Excel workbook. 1\u00a0other sheet not read." in found.notices[0]


def test_ids_that_a_spreadsheet_damaged_are_refused() -> None:
    content = book(ORGS, [123, "A"], [1234567890123456789, "B"], [7, "C"], formats={"A2": "00000"})
    found = plan("organizations", content)
    assert [(each.line, each.column) for each in found.refused] == [(3, "external_org_id")]
    assert all("spreadsheet has damaged the id" in each.reason for each in found.refused)
    assert [row.new.external_id for row in found.rows] == ["00123", "7"]


def test_numbers_where_text_is_meant() -> None:
    header = [*SUBS, "subscription_id", "name"]
    content = book(
        header,
        ["o1", 42, 99, "EUR", "2024-01-15", 1234567890123456, "A"],
        ["o1", 43, 99, "EUR", "2024-01-15", 17, 1234567890123456],
        ["o1", 44, 99, "EUR", "2024-01-15", 18, "C"],
        formats={"B4": "0000", "F4": "000"},
    )
    organization("o1", imported_at=NOW)
    found = plan("subscriptions", content)
    assert [(each.line, each.column) for each in found.refused] == [(2, "subscription_id"), (3, "name")]
    [new] = found.first("new")
    assert (new.after["product_code"], new.label) == ("0044", "o1 · 018")


def test_a_formula_that_was_never_calculated_is_no_empty_cell() -> None:
    with pytest.raises(FileRefused, match="formula in cell C2"):
        plan("organizations", book(ORGS, ["o1", "A", "=TODAY()"]))


def test_the_first_sheet_that_people_see_is_read() -> None:
    made = Workbook()
    made.active.append(["notes"])
    made.active.sheet_state = "hidden"
    customers = made.create_sheet("Customers")
    customers.append(ORGS)
    customers.append(["o1", "A", None])
    file = io.BytesIO()
    made.save(file)
    found = plan("organizations", file.getvalue())
    assert [row.new.external_id for row in found.rows] == ["o1"]


def test_money() -> None:
    organization("o1", imported_at=NOW)
    content = book(SUBS, ["o1", "pro", 99.5, "EUR", date(2024, 1, 15)], ["o1", "gold", "1,234", "EUR", "2024-01-15"])
    found = plan("subscriptions", content)
    assert [str(row.after["mrr"]) for row in found.first("new")] == ["99.5000"]
    assert [(each.line, each.column) for each in found.refused] == [(3, "mrr")]


def test_our_own_export_comes_back_unchanged(client) -> None:
    org = organization("=cmd", display_name="+Plus", imported_at=NOW)
    subscription(org, "99.00")
    header = ("external_org_id", "product_code", "mrr", "currency", "start_at")
    rows = [(org.external_id, "pro", 99.00, "EUR", date(2024, 1, 15))]
    with exports.workbook("s", header, rows) as file:
        assert plan("subscriptions", file.read()).counts["unchanged"] == 1


def packed(**parts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (packed(word__document_xml="<x/>"), "Excel workbook or another archive"),
        (packed(xl__workbook_xml="<broken"), "may be damaged"),
        (
            packed(xl__workbook_xml="<x/>", xl__sharedStrings_xml="0" * 100_000_001),
            "too large when",
        ),
        (b"PK\x03\x04 torn", "Excel workbook or another archive"),
        (book([]), "is empty"),
        (book(["Name", "Colour"], ["a", "b"]), "external_org_id is missing"),
    ],
    ids=["another archive", "damaged", "bomb", "torn", "empty", "another table"],
)
def test_what_cannot_be_read_is_refused_with_its_reason(content: bytes, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        plan("organizations", content)
