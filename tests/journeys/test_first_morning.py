"""The main way through the product: install, import two files, send events, read who needs a person and why, act."""

import hashlib
import time

import pytest

from tests.journeys.product import wait_for

pytestmark = pytest.mark.journey

CUSTOMERS = b"external_org_id,display_name\norg-456,Acme Corporation\n"
SUBSCRIPTIONS = (
    b"external_org_id,product_code,mrr,currency,start_at\n"
    b"org-456,pro,99.00,EUR,2024-01-15\n"
)  # fmt: skip
DAY = 86_400


def history(external_id: str) -> list[dict]:
    """Five events a day by three people 31 to 60 days ago, then two a day by one: 150, then 58 in the last 30 days."""
    now = int(time.time())
    return [
        {
            "event": "report_exported",
            "user_hash": hashlib.sha256(f"{person}".encode()).hexdigest(),
            "customer_org_id": external_id,
            "path": "/reports",
            "ts_epoch": now - days * DAY,
            "event_id": f"{external_id}-{days}-{n}",
        }
        for days in range(2, 61)
        for n in range(5 if days > 30 else 2)
        for person in [n % 3 if days > 30 else 0]
    ]


def sign_in(page, product) -> None:
    page.goto(product.address)
    name, password = product.login
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{product.address}/admin/")


def words(locator) -> str:
    """What stands there, with plain spaces where the page has some that do not break."""
    return locator.inner_text().replace("\u202f", " ").replace("\u00a0", " ")


def import_file(page, product, kind: str, name: str, content: bytes) -> None:
    """Upload, look at the preview, confirm."""
    page.goto(f"{product.address}/admin/orgs/importbatch/")
    page.get_by_role("link", name=kind).first.click()
    page.set_input_files("input[type=file]", {"name": name, "mimeType": "text/csv", "buffer": content})
    page.locator("form:has(input[type=file]) [type=submit]").click()
    page.get_by_text("1 new").first.wait_for()
    page.get_by_role("button", name="Import 1 row").click()
    page.get_by_text("Imported: 1 new").first.wait_for()


def test_from_two_files_and_some_events_to_a_dismissed_signal(product, page):
    sign_in(page, product)
    assert page.get_by_text("No event has arrived yet").is_visible()

    import_file(page, product, "Import organizations", "customers.csv", CUSTOMERS)
    import_file(page, product, "Import subscriptions", "subscriptions.csv", SUBSCRIPTIONS)
    sees_the_money(product, page)
    sends_events(product, page)
    reads_the_reason(product, page)
    dismisses(product, page)


def sees_the_money(product, page) -> None:
    confirmed_at = time.monotonic()

    def acme_with_its_money() -> bool:
        page.goto(f"{product.address}/admin/orgs/organization/")
        row = page.locator("tr", has_text="Acme Corporation")
        return row.count() == 1 and "99.00" in row.inner_text()

    wait_for("Acme Corporation with MRR 99.00 in the list", acme_with_its_money, 60, every=2)
    assert time.monotonic() - confirmed_at < 60


def sends_events(product, page) -> None:
    """Into the stream at once, into the organization's usage within a minute, each event once."""
    receipt = product.send(history("org-456"))
    sent_at = time.monotonic()
    assert receipt == {"accepted": 208, "duplicates": 0, "rejected": []}
    assert product.send(history("org-456")) == {"accepted": 0, "duplicates": 208, "rejected": []}
    page.goto(f"{product.address}/admin/events/")
    assert page.get_by_text("report_exported").first.is_visible()
    assert time.monotonic() - sent_at < 10

    def last_seen() -> bool:
        page.goto(f"{product.address}/admin/orgs/organization/?q=Acme")
        return "2 days ago" in words(page.locator("tr", has_text="Acme Corporation"))

    wait_for("the events in the organization's usage", last_seen, 60 - (time.monotonic() - sent_at), every=2)

    product.send([{**history("org-456")[0], "event": "opened_today", "ts_epoch": int(time.time()), "event_id": "t"}])

    def today_so_far() -> bool:
        page.goto(f"{product.address}/admin/orgs/organization/?q=Acme")
        page.get_by_role("link", name="Acme Corporation").first.click()
        return "1 event today so far" in words(page.locator("#panel-usage"))

    wait_for("an event of today in the organization's usage", today_so_far, 60, every=2)


def reads_the_reason(product, page) -> None:
    page.goto(f"{product.address}/admin/backoffice/job/")
    page.locator("tr", has=page.locator("form[action*='/scan/run/']")).get_by_role("button", name="Run now").click()

    def signal_on_today() -> bool:
        page.goto(f"{product.address}/admin/")
        return page.get_by_text("30-day events").count() > 0

    wait_for("the signal on Today", signal_on_today, 60, every=2)
    reason = words(page.locator("tr", has_text="Acme Corporation"))
    assert "Usage drop" in reason
    assert "30-day events 58, previous 150: −61 %" in reason
    assert page.get_by_text("1\u00a0customer needs someone today").is_visible()


def dismisses(product, page) -> None:
    page.locator("tr", has_text="Acme Corporation").get_by_role("link", name="Acme Corporation").click()
    # Before its first event it was "paying, never seen"; that closes by itself after a second scan without it.
    for name in ("Usage drop", "Inactive paying"):
        row = page.locator("tr[id^=signal-]", has_text=name)
        row.locator("summary", has_text="More").click()
        row.locator("form:has([value=dismiss]) [name=reason]").fill("Their office is closed this month")
        row.get_by_role("button", name=f"Dismiss {name}").click()
        page.get_by_text(f"{name} is dismissed").first.wait_for()

    page.goto(f"{product.address}/admin/")
    assert page.get_by_text("No customer needs someone today").is_visible()
