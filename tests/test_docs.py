"""Documentation is tested: links lead somewhere, commands exist, settings are the ones that are read."""

import re
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands
from drf_spectacular.generators import SchemaGenerator

from config.backoffice import settings

ROOT = Path(__file__).resolve().parent.parent
OF_THE_IMAGE = {"STATIC_ROOT"}
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


def process_settings() -> list[str]:
    """Names that the settings read from the environment."""
    text = (ROOT / "config" / "settings.py").read_text()
    read = re.findall(r'(?:env\.[a-z_]+|read_count|read_networks)\(\s*"([A-Z_]+)"', text)
    assert len(read) > 10
    return read


def test_every_setting_is_listed() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    for name in (*process_settings(), *settings.NAMES):
        assert f"`{name}`" in text, f"docs/settings.md does not tell about {name}"


def test_every_setting_reaches_the_containers() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name in ("migrate", "web", "worker", "beat"):
        missing = set(process_settings()) - OF_THE_IMAGE - set(services[name]["environment"])
        assert not missing, f"compose.yaml does not hand {sorted(missing)} to {name}"


def test_what_compose_reads_is_listed() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    for name in re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()):
        assert f"`{name}`" in text, f"docs/settings.md does not tell about {name}"


def test_every_rule_of_revenue_that_code_names_is_told() -> None:
    told = set(re.findall(r"\bR\d+\b", (ROOT / "docs/numbers.md").read_text()))
    code = [*(ROOT / "revenue").rglob("*.py"), *(ROOT / "tests/revenue").rglob("*.py")]
    named = {rule for path in code for rule in re.findall(r"\bR[1-9]\d?\b", path.read_text())}
    assert len(named) > 25
    assert not named - told


def test_every_command_of_ours_is_told_about() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    ours = {path.stem for path in ROOT.glob("*/**/management/commands/[a-z]*.py") if ".venv" not in path.parts}
    missing = {name for name in ours - {"demo", "run"} if f"`{name}" not in text}
    assert not missing, f"docs/operations.md does not tell about {sorted(missing)}"


def test_the_read_api_is_told_about_once_and_wholly() -> None:
    table = re.findall(r"^\| (`[^|]+) \| [a-z]+ \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    told = [address.removeprefix("POST ") for cell in table for address in re.findall(r"`([^`]+)`", cell)]
    assert sorted(told) == sorted(set(told))
    served = SchemaGenerator().get_schema(public=True)["paths"]
    read = {re.sub(r"\{[a-z_]*_id\}", "{id}", path.removeprefix("/api/v1/")) for path in served if "/api/v1/" in path}
    assert {address.replace("external_id", "id") for address in told} == read - {"insights/query/{id}/"}
