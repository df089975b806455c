"""100 000 subscriptions through the wizard in a real browser, with a real worker: progress, a reload, the result."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.journeys.product import Product

ROWS, ORGANIZATIONS = 100_000, 5_000
HEADER = "external_org_id,product_code,mrr,currency,start_at,end_at,subscription_id\n"

pytestmark = pytest.mark.journey


@pytest.fixture
def file(tmp_path: Path) -> Path:
    lines = "".join(f"org-{n % ORGANIZATIONS},p{n % 7},10.00,EUR,2024-01-15,,sub-{n}\n" for n in range(ROWS))
    path = tmp_path / "subscriptions.csv"
    path.write_text(HEADER + lines)
    return path


def sign_in(page: Page, product: Product) -> None:
    page.goto(product.address)
    name, password = product.login
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{product.address}/admin/")


def watch(page: Page, done: str) -> list[str]:
    """What the progress page said until `done` stood on it; it is reloaded by hand in between."""
    told: list[str] = []
    until = time.monotonic() + 240
    while done not in (text := page.inner_text("#content, main")):
        assert time.monotonic() < until, text
        told.append(text)
        time.sleep(1.5)
        page.reload()
    return told


def test_a_hundred_thousand_rows(product: Product, page: Page, file: Path) -> None:
    sign_in(page, product)
    page.goto(f"{product.address}/admin/revenue/subscription/import/")
    page.set_input_files("input[type=file]", file)
    page.check("#id_create_missing", force=True)
    page.click("text=Preview this file")
    address = page.url
    previewing = watch(page, "Nothing is written yet")
    assert page.url == address
    assert any("rows a second" in text and "left in this step" in text for text in previewing), previewing
    shown = page.inner_text("body")
    assert "100\u202f000 new, 0 changed, 0 unchanged, 0 refused" in shown
    assert "1\u202f000\u202f000\u00a0EUR" in shown and "5\u202f000\u00a0organizations would be created" in shown
    page.click("text=Import 100\u202f000\u00a0rows")
    importing = watch(page, "Imported: 100\u202f000 new, 0 changed, 0 unchanged.")
    assert any("of 100\u202f000\u00a0rows" in text for text in importing), importing
    with product.database() as database:
        counts = [
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("revenue_subscription", "orgs_organization", "orgs_ledgerentry")
        ]
    assert counts == [ROWS, ORGANIZATIONS, ROWS + ORGANIZATIONS]
    page.goto(f"{product.address}/admin/orgs/importbatch/")
    assert "subscriptions.csv" in page.inner_text("body") and "100\u202f000" in page.inner_text("body")
