import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.journeys.product import CHROMIUM_FLAGS, Product


@pytest.fixture
def product(tmp_path):
    """An empty product, running."""
    running = Product(tmp_path / "data")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def page():
    """A real browser, without a user agent that says it is headless."""
    with sync_playwright() as playwright:
        executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        assert executable, "Chromium is missing; on Debian: apt-get install chromium"
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(20_000)
        yield page
        browser.close()
