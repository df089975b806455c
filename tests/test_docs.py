"""Documentation is tested: links lead somewhere, commands exist, settings are the ones that are read."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.backoffice import settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    for name in re.findall(r"manage\.py ([a-z_]+)", page.read_text()):
        assert name in get_commands(), f"{page.name} names the command {name}"


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for line in page.read_text().splitlines():
            for name in re.findall(r"(?:^|`)(?:[A-Z]+=\S+ )?make ([a-z]+)", line):
                assert name in targets, f"{page.name} names make {name}"


def test_every_setting_is_listed() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    read = re.findall(
        r'(?:env\.[a-z_]+|read_count|read_networks)\(\s*"([A-Z_]+)"', (ROOT / "config" / "settings.py").read_text()
    )
    assert len(read) > 10
    for name in (*read, *settings.NAMES):
        assert f"`{name}`" in text, f"docs/settings.md does not tell about {name}"
