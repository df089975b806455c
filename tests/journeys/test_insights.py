"""Somebody who has never seen the builder asks who created more than 30 projects, what they pay, and what others do."""

import hashlib
import time
from urllib.parse import urlencode

import pytest

from tests.journeys.product import wait_for
from tests.journeys.test_first_morning import import_file, sign_in, words

pytestmark = pytest.mark.journey

CUSTOMERS = b"external_org_id,display_name\norg-456,Acme Corporation\n"
SUBSCRIPTIONS = b"external_org_id,product_code,mrr,currency,start_at\norg-456,pro,99.00,EUR,2024-01-15\n"
HOUR = 3_600
RUN_BY_BROWSERS = (
    "<script>window.ran = 1; alert(1)</script>",
    "</script><script>window.ran = 1; alert(2)</script>",
    "<img src=x onerror='window.ran = 1; alert(3)'>",
    '" autofocus onfocus="window.ran = 1; alert(4)',
    "<svg/onload=alert(5)><!--",
    "'-alert(6)-'\u2028",
)


def projects(external_id: str, count: int) -> list[dict]:
    now = int(time.time())
    return [
        {
            "event": "project_created",
            "user_hash": hashlib.sha256(external_id.encode()).hexdigest(),
            "customer_org_id": external_id,
            "ts_epoch": now - HOUR * (count - number + 24),
            "properties": {"new_total": number},
        }
        for number in range(1, count + 1)
    ]


def test_how_many_organizations_created_more_than_30_projects_and_what_do_they_pay(product, page):
    sign_in(page, product)
    import_file(page, product, "Import organizations", "customers.csv", CUSTOMERS)
    import_file(page, product, "Import subscriptions", "subscriptions.csv", SUBSCRIPTIONS)
    product.send(projects("org-456", 31) + projects("org-457", 30))
    asks(product, page)
    keeps(product, page)


def asks(product, page) -> None:
    def counted() -> bool:
        page.goto(f"{product.address}/admin/")
        page.get_by_role("link", name="Insights").click()
        page.get_by_role("link", name="New insight").click()
        page.get_by_label("What is counted").select_option("Event")
        page.get_by_label("Its name").fill("project_created")
        page.get_by_role("button", name="+ Condition", exact=True).click()
        condition = page.locator(".bo-ask__line--filter")
        condition.get_by_label("Property", exact=True).fill("new_total")
        condition.get_by_label("Condition", exact=True).select_option("is more than")
        condition.get_by_label("Value", exact=True).fill("30")
        page.get_by_role("button", name="Show", exact=True).last.click()
        return "Unique organizations of “project_created” where new_total is more than 30: 1," in words(answer(page))

    wait_for("The answer from counted events", counted, 90, every=5)
    page.get_by_label("How it is counted").select_option("Sum of")
    page.get_by_label("Whose property is counted").select_option("Organization, current")
    page.get_by_label("Property that is counted").fill("mrr")
    page.get_by_role("button", name="Show", exact=True).last.click()
    assert ": 99," in words(answer(page))


def answer(page):
    """The sentence over the answer, once it is there."""
    found = page.locator("[data-load][data-loaded] .bo-sentence")
    found.wait_for()
    return found


def keeps(product, page) -> None:
    keeps_as(page, "Paid by those with many projects")
    page.get_by_role("link", name="Insights").click()
    page.get_by_role("link", name="How teams use the product").click()
    page.locator("canvas").first.wait_for()


def keeps_as(page, name: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save insight").click()
    page.get_by_text(f"“{name}” is saved.").wait_for()


def test_a_cohort_is_made_and_set_beside_everybody_else_in_usage_and_revenue(product, page):
    sign_in(page, product)
    for one, line in ((CUSTOMERS, SUBSCRIPTIONS), (of_the_other(CUSTOMERS), of_the_other(SUBSCRIPTIONS))):
        import_file(page, product, "Import organizations", "customers.csv", one)
        import_file(page, product, "Import subscriptions", "subscriptions.csv", line)
    product.send(projects("org-456", 31) + projects("org-457", 3))
    makes_a_cohort(product, page)
    compares(page)


def of_the_other(file: bytes) -> bytes:
    return file.replace(b"org-456,Acme", b"org-457,Globex").replace(b"org-456", b"org-457").replace(b"99.00", b"10.50")


def makes_a_cohort(product, page) -> None:
    def counted() -> bool:
        page.goto(f"{product.address}/admin/")
        page.get_by_role("link", name="Cohorts").click()
        page.get_by_role("link", name="New cohort").click()
        page.get_by_label("Name", exact=True).fill("More than 30 projects")
        page.locator("select[name=g0-r0-kind]").select_option("Did an event so many times")
        page.get_by_label("Event", exact=True).fill("project_created")
        page.get_by_label("Comparison").select_option("more than")
        page.get_by_role("textbox", name="Times").fill("30")
        page.get_by_role("textbox", name="Times").press("Tab")
        page.wait_for_timeout(2_000)
        return words(page.locator("[data-redraw-count]")).startswith("1 organization, 99 EUR")

    wait_for("The count of the cohort", counted, 90, every=5)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("“More than 30 projects” is saved.").wait_for()


def compares(page) -> None:
    page.get_by_role("link", name="Compare with everybody else").click()
    said = words(answer(page))
    assert "Unique organizations of any event: 1 in the cohort, 1 for everybody else" in said
    assert "average per organization of any event: 31 in the cohort, 3 for everybody else" in said
    assert "sum of current MRR of organizations with any event: 99 in the cohort, 10.50 for everybody else" in said
    page.get_by_role("row", name="In “More than 30 projects” 1 31 99 99").wait_for()
    page.get_by_role("row", name="Everybody else 1 3 10.50 10.50").wait_for()
    keeps_as(page, "Usage and revenue")


def test_hostile_text_runs_in_no_browser(product, page):
    """Charts read their data back as it was sent, and nothing that was sent is run."""
    run: list[str] = []
    page.on("dialog", lambda dialog: (run.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: run.append(str(error)))
    sign_in(page, product)
    product.send([hostile_event(text, number) for number, text in enumerate(RUN_BY_BROWSERS)])
    asked = {"series-0-kind": "any", "series-0-math": "total", "breakdown-of": "event", "breakdown-property": "said"}
    asked |= {"range": "-7d", "interval": "day", "display": "bar", "environment": "production"}

    def drawn() -> bool:
        page.goto(f"{product.address}/admin/insights/question/?{urlencode(asked)}")
        answer(page)
        return page.locator("canvas[data-chart]").count() == 1

    wait_for("The chart of counted events", drawn, 90, every=5)
    read_back = "JSON.parse(document.querySelector('script[type=\"application/json\"][id^=chart]').textContent).series"
    assert {each["label"] for each in page.evaluate(read_back)} == set(RUN_BY_BROWSERS)
    for path in ("events", "explorer", "pages", "insights/question", "orgs/organization", "applications"):
        page.goto(f"{product.address}/admin/{path}/")
        page.wait_for_load_state("networkidle")
    assert run == []
    assert page.evaluate("window.ran") is None


def hostile_event(text: str, number: int) -> dict:
    sent = projects(text, 1)[0]
    return {**sent, "event": text, "path": f"/{number}/{text}", "properties": {"said": text, text: text}}
