"""Every number on the Revenue page opens the list it was counted from, and that list adds up to it."""

from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.utils import timezone

from config.backoffice import settings as install
from revenue import charts, facts
from revenue.drilldown.listing import ListRows, QueryRows
from revenue.models import ExchangeRate, Subscription
from revenue.mrr.money import ratio, to_units
from signals import rounds
from tests import factories
from tests.revenue.stored import AS_OF, store_book

pytestmark = pytest.mark.django_db
# What may hold a digit without being a figure: names, days, choices, headings, the words under a figure.
NO_FIGURES = {"nav", "time", "script", "style", "summary", "canvas", "option", "select"}
NO_FIGURE_CLASSES = {"bo-formula", "bo-empty"}
VOID = {"input", "br", "img", "meta", "link", "hr", "source", "path", "circle", "polyline"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]


@dataclass
class Number:
    """A figure on the page with the list it opens."""

    measure: str
    value: str
    href: str
    text: str = ""


@dataclass
class Page(HTMLParser):
    """The numbers, totals and stray digits inside `.bo-page`."""

    open: list[Element] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    totals: dict[str, str] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.open.append(Element(tag, attributes))
        if "data-number" in attributes:
            self.numbers.append(Number(attributes["data-measure"], attributes["data-number"], attributes["href"]))
        if "data-total" in attributes:
            self.totals[attributes["data-total"]] = attributes["value"]

    def handle_endtag(self, tag):
        if any(element.tag == tag for element in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data):
        if not any("bo-page" in element.attributes.get("class", "").split() for element in self.open):
            return
        if any("data-number" in element.attributes for element in self.open):
            self.numbers[-1].text += data.strip()
        elif any(character.isdigit() for character in data) and not any(map(self.holds_no_figures, self.open)):
            self.strays.append(data.strip())

    @staticmethod
    def holds_no_figures(element):
        classes = set(element.attributes.get("class", "").split())
        is_name = element.tag == "a" and "data-number" not in element.attributes
        return is_name or element.tag in NO_FIGURES or element.tag == "th" or bool(classes & NO_FIGURE_CLASSES)


def read(response) -> Page:
    assert response.status_code == 200
    page = Page()
    page.feed(response.content.decode())
    return page


@pytest.fixture
def staff(client):
    client.force_login(factories.staff())
    return client


def move_book_to_today():
    """Random books are made around `AS_OF`; the page shows today."""
    shift = install.today(timezone.now()) - AS_OF
    for line in Subscription.objects.all():
        line.start_on += shift
        line.end_on = line.end_on and line.end_on + shift
        line.trial_end_on = line.trial_end_on and line.trial_end_on + shift
        line.save()
    for rate in ExchangeRate.objects.order_by("-date"):
        rate.date += shift
        rate.save()


def totals_of(response, paying) -> dict[str, str]:
    """What a list says on top; `paying` is the MRR that the share of a list of organizations is of."""
    totals = dict(read(response).totals)
    context = response.context_data
    if on_top := context.get("total") or context.get("totals"):
        share = ratio(to_units(on_top.mrr), to_units(paying))
        totals = {"mrr": f"{on_top.mrr:.4f}", "organizations": str(on_top.organizations)}
        totals["share"] = "–" if share is None else str(share)
    return totals


def click_everything(staff, page: Page) -> None:
    """Open the list of every number once and compare its total."""
    paying = facts.last_months(install.today(timezone.now()), 1)[0].bridge.end
    lists: dict[str, dict[str, str]] = {}
    for number in page.numbers:
        if number.href not in lists:
            lists[number.href] = totals_of(staff.get(number.href), paying)
        assert lists[number.href].get(number.measure) == number.value, number


BOOKS = {
    "plain": {},
    "gaps filled": {"gap_grace_days": 20},
    "one day's rates": {"fx_mode": "constant", "fx_constant_date": AS_OF},
    "in dollars": {"reporting_currency": "USD"},
    "in yen": {"reporting_currency": "JPY"},
}


@pytest.mark.parametrize(("seed", "name"), [*enumerate(BOOKS, start=20)], ids=BOOKS)
def test_every_number_opens_a_list_with_that_total(staff, seed, name):
    store_book(seed, organizations=30, lines=130)
    move_book_to_today()
    if BOOKS[name]:
        install.change(BOOKS[name], actor=None, now=timezone.now())
    rounds.score_round(timezone.now())
    page = read(staff.get("/admin/revenue/", {"by": "mrr" if seed % 2 else "paying"}))
    assert page.strays == []
    cells = sum(number.measure.startswith("share_") for number in page.numbers)
    assert cells == sum(len(row.cells) for row in charts.heat(facts.last_cohorts(charts.COHORTS_SHOWN))) > 12
    assert len(page.numbers) > 200 + cells
    assert all(number.text for number in page.numbers)
    click_everything(staff, page)


def test_the_same_with_nothing_to_count(staff):
    """One organization that pays nothing: every number is 0 or a dash, and still a door."""
    factories.subscription(factories.organization(), "0", start_on=install.today(timezone.now()))
    rounds.score_round(timezone.now())
    page = read(staff.get("/admin/revenue/"))
    assert page.strays == []
    assert {"0.0000", "–"} <= {number.value for number in page.numbers}
    assert "0" in {number.value for number in page.numbers if number.measure == "organizations"}
    click_everything(staff, page)


def test_a_renewal_and_a_scheduled_change_are_doors_too(staff):
    today = install.today(timezone.now())
    org = factories.organization(renewal_on=today + timedelta(days=29), display_name="Acme " * 40)
    factories.subscription(org, "10", start_on=today - timedelta(days=40))
    factories.subscription(
        org, "7", product_code="", start_on=today + timedelta(days=3), end_on=today + timedelta(days=9)
    )
    rounds.score_round(timezone.now())
    page = read(staff.get("/admin/revenue/"))
    assert {"count", "starting", "ending", "native"} <= {number.measure for number in page.numbers}
    assert page.strays == []
    click_everything(staff, page)


def test_the_rows_of_a_list_add_up_to_its_totals(staff):
    """The totals of lists come from the database; the rows, added up by hand, say the same."""
    store_book(33, organizations=30, lines=130)
    move_book_to_today()
    today = install.today(timezone.now())
    known = facts.get(today, timezone.now())
    label = f"{today:%Y-%m}"
    checked = {"end": ("MRR", "mrr"), "moved": ("Amount", "amount"), "fx": ("By rates", "fx_impact")}
    checked |= {"start": ("MRR", "mrr"), "change": ("Change", "difference"), "year": ("A year ago", "before")}
    for part, (column, measure) in checked.items():
        listing = staff.get("/admin/revenue/month/", {"month": label, "part": part}).context_data["listing"]
        at = [each.label for each in listing.columns].index(column)
        [total] = [each.value for each in listing.totals if each.measure == measure]
        assert isinstance(listing.rows, QueryRows | ListRows)
        assert sum(row[at] for row in listing.rows[0 : len(listing.rows)]) == total
    assert known.is_current


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize(
    "path",
    [
        "month/?part=end",
        "month/?part=retention",
        "month/?part=year",
        "days/",
        "cohort/",
        "product/?product=pro",
        "unconverted/?currency=XAU",
        "discounts/",
        "renewals/",
        "scheduled/",
        "months/",
        "cohorts/",
        "lifetime/",
    ],
)
def test_every_list_is_a_file(staff, path, file_format):
    store_book(34, organizations=10, lines=50)
    move_book_to_today()
    sign = "&" if "?" in path else "?"
    answer = staff.get(f"/admin/revenue/{path}{sign}export={file_format}")
    content = b"".join(answer.streaming_content)
    shown = staff.get(f"/admin/revenue/{path}").context_data["listing"]
    assert f".{file_format}" in answer["Content-Disposition"]
    if file_format == "csv":
        assert content.decode("utf-8-sig").count("\r\n") == len(shown.rows) + 1
        assert content.decode("utf-8-sig").startswith(shown.header()[0])
    else:
        assert content.startswith(b"PK")


@pytest.mark.parametrize(
    "address",
    [
        "month/?month=0001-01&part=end",
        "month/?month=9999-12&part=nonsense",
        "cohort/?month=x&column=99999999999999999999",
        "cohort/?month=2020-01&column=400",
        "product/?product=%3Cscript%3E",
        "unconverted/?currency=euro",
        "renewals/?days=7",
        "scheduled/?kind=x&line=x",
        "days/?month=2026-13",
        "lifetime/?page=-3",
        "months/?page=x",
    ],
)
def test_an_address_that_makes_no_sense_is_answered(staff, address):
    assert staff.get(f"/admin/revenue/{address}").status_code == 200


def test_an_unknown_organization_and_an_unknown_format_are_not_found(staff):
    assert staff.get("/admin/revenue/organization/?organization=7").status_code == 404
    assert staff.get("/admin/revenue/organization/").status_code == 404
    assert staff.get("/admin/revenue/months/?export=exe").status_code == 404


def test_a_list_needs_the_permission_of_the_page(client):
    client.force_login(factories.staff("eve", is_superuser=False))
    for name in ("month", "days", "organization", "cohort", "product", "renewals", "scheduled", "months"):
        assert client.get(f"/admin/revenue/{name}/").status_code == 403
