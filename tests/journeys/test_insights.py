"""Somebody who has never seen the builder asks who created more than 30 projects, and what they pay."""

import hashlib
import time

import pytest

from tests.journeys.product import wait_for
from tests.journeys.test_first_morning import import_file, sign_in, words

pytestmark = pytest.mark.journey

CUSTOMERS = b"external_org_id,display_name\norg-456,Acme Corporation\n"
SUBSCRIPTIONS = b"external_org_id,product_code,mrr,currency,start_at\norg-456,pro,99.00,EUR,2024-01-15\n"
HOUR = 3_600


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
        return "Unique organizations of “project_created”: 1," in words(answer(page))

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
    page.get_by_label("Name", exact=True).fill("Paid by those with many projects")
    page.get_by_role("button", name="Save insight").click()
    page.get_by_text("“Paid by those with many projects” is saved.").wait_for()
    page.get_by_role("link", name="Insights").click()
    page.get_by_role("link", name="How teams use the product").click()
    page.locator("canvas").first.wait_for()
