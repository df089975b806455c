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
    "matrix": "/admin/matrix/",
    "organizations": "/admin/orgs/organization/",
    "followups": "/admin/followups/",
    "followup-add": "/admin/followups/add/",
    "weekly": "/admin/weekly/",
    "churn": "/admin/churn/",
    "cohorts": "/admin/cohorts/",
    "cohort-new": "/admin/cohorts/new/",
    "digest": "/admin/digest/",
    "revenue": "/admin/revenue/",
    "revenue-days": "/admin/revenue/days/",
    "revenue-months": "/admin/revenue/months/",
    "revenue-cohorts": "/admin/revenue/cohorts/",
    "revenue-lifetime": "/admin/revenue/lifetime/",
    "revenue-renewals": "/admin/revenue/renewals/",
    "revenue-scheduled": "/admin/revenue/scheduled/",
    "revenue-unconverted": "/admin/revenue/unconverted/",
    "revenue-discounts": "/admin/revenue/discounts/",
    "subscriptions": "/admin/revenue/subscription/",
    "insights": "/admin/insights/",
    "insight-builder": "/admin/insights/question/",
    "events": "/admin/events/",
    "features": "/admin/features/",
    "feature-matrix": "/admin/features/organizations/",
    "feature-add": "/admin/features/add/",
    "pages": "/admin/pages/",
    "path-rules": "/admin/pages/rules/",
    "sessions": "/admin/sessions/",
    "explorer": "/admin/explorer/",
    "ai-cost": "/admin/ai-cost/",
    "ai-prices": "/admin/tracker/price/",
    "imports": "/admin/orgs/importbatch/",
    "import-organizations": "/admin/orgs/organization/import/",
    "import-subscriptions": "/admin/revenue/subscription/import/",
    "import-rates": "/admin/revenue/exchangerate/import/",
    "applications": "/admin/applications/",
    "rejects": "/admin/rejects/",
    "reconciliation": "/admin/reconciliation/",
    "rates": "/admin/revenue/exchangerate/",
    "jobs": "/admin/backoffice/job/",
    "health-models": "/admin/health-models/",
    "backtest": "/admin/backtest/",
    "settings": "/admin/backoffice/installsettings/",
    "tokens": "/admin/backoffice/apitoken/",
    "webhooks": "/admin/backoffice/webhookendpoint/",
    "webhook-add": "/admin/backoffice/webhookendpoint/add/",
    "mails": "/admin/backoffice/mail/",
    "staff": "/admin/auth/user/",
    "teams": "/admin/orgs/team/",
    "audit": "/admin/backoffice/auditentry/",
}
# Pages of single things: the page that links to one, and the link.
FOUND = {
    "organization": ("/admin/", "a[href*='/orgs/organization/'][href$='/change/']"),
    "behind": ("organization", "a[href*='/behind/']"),
    "cohort": ("/admin/cohorts/", "a[href^='/admin/cohorts/']:not([href*='/new/']):not([href$='/cohorts/'])"),
    "cohort-edit": ("cohort", "a[href^='/admin/cohorts/'][href*='/edit/']"),
    "insight-pattern": ("/admin/insights/", "a[href*='/insights/of/']"),
    "insight-saved": ("/admin/insights/", "#content a[href*='/insights/question/?']"),
    "dashboard": ("/admin/insights/", "a[href^='/admin/dashboards/']:not([href*='/new/'])"),
    "feature": ("/admin/features/", "#content a[href^='/admin/features/']:not([href*='/add/'])"),
    "page-use": ("/admin/pages/", "#content a[href*='/pages/use/']"),
    "explored-event": ("/admin/explorer/", "#content a[href*='/explorer/event/']"),
    "health-model": ("/admin/health-models/", "#content a[href^='/admin/health-models/']"),
    "rule": ("/admin/health-models/", "#content a[href^='/admin/rules/']"),
    "study": ("/admin/backtest/", "#content a[href^='/admin/studies/']"),
    "churn-explain": ("/admin/churn/", "#content a[href*='/explain/']"),
    "revenue-month": ("/admin/revenue/", "#content a[href*='/revenue/month/']"),
    "revenue-product": ("/admin/revenue/", "#content a[href*='/revenue/product/']"),
    "revenue-organization": ("revenue-month", "#content a[href*='/revenue/organization/']"),
    "revenue-cohort": ("/admin/revenue/cohorts/", "#content a[href*='/revenue/cohort/']"),
    "application": ("/admin/applications/", "#content a[href^='/admin/applications/']:not([href$='/add/'])"),
    "import": ("/admin/orgs/importbatch/", "#content a[href*='/orgs/importbatch/'][href*='/change/']"),
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
        singles: dict[str, str] = {}
        for width, height in SIZES:
            for scheme in ("light", "dark"):
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                page = context.new_page()
                page.on("pageerror", lambda error: print("script error:", error))
                sign_in(page, address, credentials)
                singles = singles or found(page, address)
                shoot(page, address, folder, f"{width}-{scheme}", {**PAGES, **singles})
                context.close()
        browser.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


def sign_in(page: Page, address: str, credentials: dict) -> None:
    page.goto(f"{address}/admin/login/")
    page.fill("[name=username]", credentials["login"])
    page.fill("[name=password]", credentials["password"])
    page.press("[name=password]", "Enter")
    page.wait_for_load_state("networkidle")


def shoot(page: Page, address: str, folder: Path, suffix: str, pages: dict[str, str]) -> None:
    for name, path in pages.items():
        answer = page.goto(address + path)
        page.wait_for_load_state("networkidle")
        if answer is None or answer.status != 200:
            print(f"{path}: {answer.status if answer else 'no answer'}")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            print(f"{path} is wider than {suffix.split('-', maxsplit=1)[0]} pixels")
        page.screenshot(path=folder / f"{name}-{suffix}.png", full_page=True)


def found(page: Page, address: str) -> dict[str, str]:
    """Pages of single things, each by its first link; a place may be one found before it."""
    pages: dict[str, str] = {}
    for name, (place, link) in FOUND.items():
        if start := pages.get(place, place if place.startswith("/") else ""):
            page.goto(address + start)
            page.wait_for_load_state("networkidle")
            links = page.locator(link)
            if links.count() and (target := links.first.get_attribute("href")):
                pages[name] = target
    return pages


if __name__ == "__main__":
    main()
