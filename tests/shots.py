"""`make shots`: a screenshot of every page of the running demo, at 1440 and 390 pixels, light and dark."""

import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from config.embedded import data_dir
from tests.journeys.product import CHROMIUM_FLAGS

SIZES = [(1440, 900), (390, 844)]
PAGES = {
    "today": "/admin/",
    "signals": "/admin/signals/",
    "organizations": "/admin/orgs/organization/",
    "revenue": "/admin/revenue/",
    "subscriptions": "/admin/revenue/subscription/",
    "cohorts": "/admin/cohorts/",
    "cohort-new": "/admin/cohorts/new/",
    "pages": "/admin/pages/",
    "sessions": "/admin/sessions/",
    "explorer": "/admin/explorer/",
    "ai-cost": "/admin/ai-cost/",
    "ai-prices": "/admin/tracker/price/",
    "events": "/admin/events/",
    "imports": "/admin/orgs/importbatch/",
    "import-organizations": "/admin/orgs/organization/import/",
    "import-subscriptions": "/admin/revenue/subscription/import/",
    "import-rates": "/admin/revenue/exchangerate/import/",
    "applications": "/admin/applications/",
    "rejects": "/admin/rejects/",
    "reconciliation": "/admin/reconciliation/",
    "rates": "/admin/revenue/exchangerate/",
    "jobs": "/admin/backoffice/job/",
    "settings": "/admin/backoffice/installsettings/",
    "audit": "/admin/backoffice/auditentry/",
}


def main() -> None:
    address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
    try:
        urllib.request.urlopen(f"{address}/healthz", timeout=5).close()
    except urllib.error.URLError:
        sys.exit(f"Nothing answers at {address}. Start the demo first: make demo")
    credentials = json.loads((data_dir() / "credentials.json").read_text())
    folder = data_dir() / "shots"
    folder.mkdir(parents=True, exist_ok=True)
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        for width, height in SIZES:
            for scheme in ("light", "dark"):
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                page = context.new_page()
                page.on("pageerror", lambda error: print("script error:", error))
                sign_in(page, address, credentials)
                shoot(page, address, folder, f"{width}-{scheme}")
                context.close()
        browser.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


def sign_in(page: Page, address: str, credentials: dict) -> None:
    page.goto(f"{address}/admin/login/")
    page.fill("[name=username]", credentials["login"])
    page.fill("[name=password]", credentials["password"])
    page.press("[name=password]", "Enter")
    page.wait_for_load_state("networkidle")


def shoot(page: Page, address: str, folder: Path, suffix: str) -> None:
    for name, path in {**PAGES, **found(page, address)}.items():
        answer = page.goto(address + path)
        page.wait_for_load_state("networkidle")
        if answer is None or answer.status != 200:
            print(f"{path}: {answer.status if answer else 'no answer'}")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            print(f"{path} is wider than {suffix.split('-', maxsplit=1)[0]} pixels")
        page.screenshot(path=folder / f"{name}-{suffix}.png", full_page=True)


def found(page: Page, address: str) -> dict[str, str]:
    """Pages of single things: the first organization on Today, the first application."""
    pages = {}
    for name, path, link in (
        ("organization", "/admin/", "a[href*='/orgs/organization/'][href$='/change/']"),
        ("application", "/admin/applications/", "#content a[href^='/admin/applications/']:not([href$='/add/'])"),
        ("import", "/admin/orgs/importbatch/", "a[href*='/orgs/importbatch/'][href*='/change/']"),
    ):
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        links = page.locator(link)
        if links.count():
            pages[name] = links.first.get_attribute("href")
    return pages


if __name__ == "__main__":
    main()
