"""Neighbours of the worked cases: one small file each, and what the preview says of it."""

import codecs

import pytest

from orgs.importing import batches, options
from orgs.importing.decoding import FileRefused
from orgs.importing.reading import LONGEST_CELL, MOST_ROWS
from tests.factories import NOW, organization

ORGS = "external_org_id,display_name\n"
SUBS = "external_org_id,product_code,mrr,currency,start_at,end_at\n"

pytestmark = pytest.mark.django_db


def plan(content: bytes, kind: str = "organizations", **chosen):
    return batches.plan_content(kind, content, options.choose(NOW, **chosen))


def refused(found) -> list[tuple[int, str]]:
    return [(each.line, each.column) for each in found.refused]


TWO = ORGS + "o1,Café\no2,Beta\n"


@pytest.mark.parametrize(
    "content",
    [
        TWO.encode(),
        codecs.BOM_UTF8 + TWO.encode(),
        codecs.BOM_UTF8 * 2 + TWO.encode(),
        codecs.BOM_UTF16_LE + TWO.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TWO.encode("utf-16-be"),
        TWO.encode("cp1252"),
        TWO.replace("\n", "\r\n").encode(),
        TWO.replace("\n", "\r").encode(),
        TWO.rstrip("\n").encode(),
        TWO.replace(",", ";").encode(),
        TWO.replace(",", "\t").encode(),
        TWO.replace(",", "|").encode(),
        f"sep=;\n{TWO.replace(',', ';')}".encode(),
        f"\n\n  \n{TWO}".encode(),
        TWO.replace("o1,", "\n,,\n  ,\no1,").encode(),
        '"external_org_id","display_name"\n"o1","Café"\n"o2","Beta"\n'.encode(),
        TWO.replace("external_org_id", "External_Org_ID").encode(),
        TWO.replace("external_org_id", "external_org_id\u00a0").encode(),
        TWO.replace("external_org_id", "\u200bexternal_org_id").encode(),
        TWO.replace("o1", " o1 ").replace("Beta", "\u00a0Beta\u00a0").encode(),
        "display_name,note,external_org_id\nCafé,x,o1\nBeta,,o2\n".encode(),
        "external_org_id,display_name,,\no1,Café,,\no2,Beta,,\n".encode(),
    ],
    ids=[
        "utf-8",
        "bom",
        "two boms",
        "utf-16 le",
        "utf-16 be",
        "cp1252",
        "crlf",
        "cr alone",
        "no last line end",
        "semicolons",
        "tabs",
        "bars",
        "sep line",
        "blank lines above",
        "blank rows",
        "quoted",
        "case of the header",
        "hard space in the header",
        "invisible in the header",
        "spaces around cells",
        "other order and column",
        "empty columns at the end",
    ],
)
def test_the_same_two_rows(content: bytes) -> None:
    found = plan(content)
    assert [(row.new.external_id, row.new.given) for row in found.rows] == [
        ("o1", {"display_name": "Café"}),
        ("o2", {"display_name": "Beta"}),
    ]
    assert not found.refused


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\r\n  \n", "empty"),
        (codecs.BOM_UTF16_LE, "empty"),
        (ORGS.encode("utf-16-be"), "UTF-16 without the mark"),
        (codecs.BOM_UTF16_LE + ORGS.encode("utf-16-le") + b"x", "is not UTF-16, as its mark says"),
        (codecs.BOM_UTF32_LE + ORGS.encode("utf-32-le"), "UTF-32"),
        (ORGS.encode() + "o1,Café\n".encode() + b"o2,Caf\xc3\n", "line 3 holds bytes that are not UTF-8"),
        (codecs.BOM_UTF8 + ORGS.encode() + b"o1,Caf\xe9\n", "line 2 holds bytes that are not UTF-8"),
        (ORGS.encode() + b"o1,\x81\x8d\n", "line 2 is neither UTF-8 nor Windows-1252"),
        (ORGS.encode() + b"o1,A\x00B\n", "NUL bytes between the letters"),
        (b"%PDF-1.7 x", "This is a PDF"),
        (b"\x89PNG\r\n\x1a\n", "This is a picture"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel workbook"),
        (bytes(range(1, 32)) * 20, "no text"),
        (b"<?xml version='1.0'?><a/>", "web page or XML"),
        (b'{"external_org_id": "o1"}', "JSON"),
        (b'external_org_id,display_name\no1,"A\no2,B\n', "never closed"),
        (b'external_org_id,display_name\no1,"A" B\n', "goes on after its closing quote"),
        (f"{ORGS}o1,{'x' * (LONGEST_CELL + 1)}\n".encode(), "a cell has over"),
        (b"external_org_id,display_name,External_Org_ID\no1,A,o2\n", "stands twice"),
        (b"external_org_id,name\no1,A\n", "“name” comes nearest"),
        (b"external_org_id;display_name|x\n", "display_name is missing"),
        (ORGS.encode() + b"o,A\n" * (MOST_ROWS + 1), "more than 200000 rows"),
    ],
)
def test_files_that_are_refused_whole(content: bytes, words: str) -> None:
    with pytest.raises(FileRefused) as caught:
        plan(content)
    assert words in str(caught.value) and caught.value.remedy


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("1E+05,A", "external_org_id"),
        ('"1,5E10",A', "external_org_id"),
        ("#N/A,A", "external_org_id"),
        ("#####,A", "external_org_id"),
        ("x\x07y,A", "external_org_id"),
        (f"{'x' * 256},A", "external_org_id"),
        (f"o1,{'x' * 256}", "display_name"),
        ('o1,"two\nlines"', "display_name"),
        ("o1", ""),
        ("o1,A,B", ""),
    ],
)
def test_rows_of_organizations_that_are_refused(row: str, column: str) -> None:
    found = plan(f"{ORGS}o0,Fine\n{row}\no9,Fine\n".encode())
    assert refused(found) == [(3, column)]
    assert len(found.rows) == 2


@pytest.mark.parametrize(
    ("amount", "stored"),
    [
        ("99", "99.0000"),
        ('"99,5"', "99.5000"),
        ('"0,125"', "0.1250"),
        ("0.00005", "0.0001"),
        ("-5", "-5.0000"),
        ("007", "7.0000"),
        ("9999999999999999", "9999999999999999.0000"),
    ],
)
def test_money_that_is_taken(amount: str, stored: str) -> None:
    organization("o1", imported_at=NOW)
    found = plan(f"{SUBS}o1,pro,{amount},EUR,2024-01-15,\n".encode(), "subscriptions")
    assert [str(row.after["mrr"]) for row in found.first("new")] == [stored]


@pytest.mark.parametrize(
    "amount",
    [
        *('"1,234"', '"1.234,56"', "1'234.00", "€99", "99€", "$99", "(99)", "99-", "+99", "99.", ".5", "1e3", "0x10"),
        *("Infinity", "nan", "∞", "½", "٩٩", "９９", "1_000", "12 34", "--5", "10000000000000000", "free", "#VALUE!"),
    ],
)
def test_money_that_is_refused(amount: str) -> None:
    organization("o1", imported_at=NOW)
    found = plan(f"{SUBS}o1,pro,{amount},EUR,2024-01-15,\n".encode(), "subscriptions")
    assert refused(found) == [(2, "mrr")]


@pytest.mark.parametrize(
    ("text", "day_format", "day"),
    [
        ("2024-01-15", "iso", "2024-01-15"),
        ("2024-02-29", "iso", "2024-02-29"),
        ("2024-01-15T23:30:00Z", "iso", "2024-01-15"),
        ("2024-01-15 23:30:00+02:00", "iso", "2024-01-15"),
        ("15.01.2024", "d.m.y", "2024-01-15"),
        ("5.1.2024", "d.m.y", "2024-01-05"),
        ("01/02/2024", "d/m/y", "2024-02-01"),
        ("01/02/2024", "m/d/y", "2024-01-02"),
        ("2024-01-15", "m/d/y", "2024-01-15"),
    ],
)
def test_days_that_are_taken(text: str, day_format: str, day: str) -> None:
    organization("o1", imported_at=NOW)
    found = plan(f"{SUBS}o1,pro,9,EUR,{text},\n".encode(), "subscriptions", day_format=day_format)
    assert [str(row.after["start_on"]) for row in found.first("new")] == [day]


@pytest.mark.parametrize(
    "text",
    [
        *("01/02/2024", "15.01.2024", "2024-13-01", "2023-02-29", "24-01-15", "20240115", "2024/01/15", "45306"),
        *("2024-01", "15 Jan 2024", "0000-00-00", "1899-12-31", "10000-01-01", "2024-01-15T25:00", "١٥", "now", "-"),
    ],
)
def test_days_that_are_refused(text: str) -> None:
    organization("o1", imported_at=NOW)
    assert refused(plan(f"{SUBS}o1,pro,9,EUR,{text},\n".encode(), "subscriptions")) == [(2, "start_at")]


@pytest.mark.parametrize("code", ["EURO", "E", "€", "12A", "ЕUR", "ſur"])
def test_currencies_that_are_refused(code: str) -> None:
    organization("o1", imported_at=NOW)
    assert refused(plan(f"{SUBS}o1,pro,9,{code},2024-01-15,\n".encode(), "subscriptions")) == [(2, "currency")]


@pytest.mark.parametrize("delimiter", ["\t", "|", ";"])
def test_a_point_that_may_part_thousands_is_refused_where_a_comma_may_part_decimals(delimiter: str) -> None:
    organization("o1", imported_at=NOW)
    rows = f"{SUBS}o1,pro,1.234,EUR,2024-01-15,\no1,gold,1.2340,EUR,2024-01-15,\n".replace(",", delimiter)
    assert refused(plan(rows.encode(), "subscriptions")) == [(2, "mrr")]


@pytest.mark.parametrize("text", ["1.23457E+15", "1.0E+02", "1E5", "#REF!", "#N/A", "a\u0085b", "a\u2028b"])
def test_codes_that_a_spreadsheet_damaged_are_refused(text: str) -> None:
    organization("o1", imported_at=NOW)
    found = plan(f"{SUBS}o1,{text},1,EUR,2024-01-15,\n".encode(), "subscriptions")
    assert refused(found) == [(2, "product_code")]


def test_names_may_look_like_a_number_but_not_like_a_damaged_one() -> None:
    found = plan(f"{ORGS}o1,3E8\no2,1.23E+15\no3,#VALUE!\n".encode())
    assert refused(found) == [(3, "display_name"), (4, "display_name")]


def test_a_header_again_is_no_customer() -> None:
    found = plan(f"{ORGS}o1,A\n{ORGS}o2,B\n".encode())
    assert [(each.line, each.reason.split(".")[0]) for each in found.refused] == [(3, "The row is the header again")]
    assert [row.new.external_id for row in found.rows] == ["o1", "o2"]


def test_names_of_properties_are_cleaned() -> None:
    found = plan(b"external_org_id,display_name,PROP: plan,prop:seats \no1,A,pro,5\n")
    assert [row.new.given for row in found.rows] == [{"display_name": "A", "prop:plan": "pro", "prop:seats": "5"}]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("prop:plan,prop: plan", "Duplicate column"),
        ('"prop:a\nb"', "no name of a property"),
        ("prop:a\x01b", "no name of a property"),
        (f"prop:{'x' * 201}", "no name of a property"),
        (",".join(f"prop:{number}" for number in range(257)), "257 columns of properties"),
    ],
)
def test_names_that_no_property_has_refuse_the_file(header: str, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        plan(f"external_org_id,display_name,{header}\n".encode())


def test_one_id_in_two_rows_refuses_both_and_names_the_other() -> None:
    found = plan(f"{ORGS}o1,A\no2,B\n o1 ,C\n".encode())
    assert [(each.line, each.reason) for each in found.refused] == [
        (2, "stands in line 4 as well. Keep one of the rows."),
        (4, "stands in line 2 as well. Keep one of the rows."),
    ]
