"""Files as people have them: worked cases, each run through the command that a person would run."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from orgs.keys import ensure_keys
from orgs.models import ImportBatch, Organization
from revenue.models import Subscription

CATALOGUE = json.loads((Path(__file__).parent / "cases" / "bad_csv_sample.json").read_text())
COMMANDS = {"orgs": "import_organizations", "subs": "import_subscriptions"}
PLAIN = [case for case in CATALOGUE["cases"] if "steps" not in case and case["group"] != "scale"]

pytestmark = pytest.mark.django_db


def content_of(case: dict) -> bytes:
    names: dict = {}
    exec(CATALOGUE["meta"]["prelude"], names)
    return eval(case["content"], names)


def run(command: str, path: Path, *options: str) -> dict:
    """The document the command prints, with `exit` added."""
    out = StringIO()
    try:
        call_command(command, str(path), "--json", *options, stdout=out)
        code = 0
    except CommandError:
        code = 1
    return {**json.loads(out.getvalue()), "exit": code}


def preview_of(answer: dict) -> str:
    if answer["file_error"]:
        return "file_error"
    return "row_errors" if answer["refused"] else "ok"


@pytest.fixture
def acme() -> Organization:
    ensure_keys(["org-456"], timezone.now())
    Organization.objects.update(display_name="Acme Corporation", imported_at=timezone.now())
    return Organization.objects.get()


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: f"{case['id']}-{case['name']}")
def test_case(case: dict, acme: Organization, tmp_path: Path) -> None:
    path = tmp_path / "upload.csv"
    path.write_bytes(content_of(case))
    expected = case["expect"]
    seen = run(COMMANDS[case["importer"]], path, "--dry-run")
    assert preview_of(seen) in expected["preview"].split("|"), seen
    assert ImportBatch.objects.count() == 0
    assert list(Organization.objects.values_list("external_id", "display_name")) == [("org-456", "Acme Corporation")]
    assert not Subscription.objects.exists()
    if preview_of(seen) == "row_errors" and "error_lines" in expected:
        assert sorted({each["line"] for each in seen["refused"]}) == expected["error_lines"]
    if preview_of(seen) != "ok" and "error_contains_any" in expected:
        text = json.dumps([seen["refused"], seen["file_error"]]).lower()
        assert any(piece.lower() in text for piece in expected["error_contains_any"]), text
    check_the_import(case, path, seen)


def check_the_import(case: dict, path: Path, seen: dict) -> None:
    """What was previewed is what happens: all of it, or nothing when rows are refused."""
    done = run(COMMANDS[case["importer"]], path)
    if preview_of(seen) != "ok":
        assert done["exit"] == 1
        assert Organization.objects.count() == 1 and not Subscription.objects.exists()
        return
    assert done["exit"] == 0
    assert [done[name] for name in ("new", "changed", "unchanged")] == [
        seen[name] for name in ("new", "changed", "unchanged")
    ]
    after = case["expect"].get("after_confirm", "")
    if after.endswith(" new"):
        assert done["new"] == int(after.split()[0])
    assert ImportBatch.objects.latest("id").state == ImportBatch.State.CONFIRMED


def test_a_minus_before_zero_is_not_stored(acme: Organization, tmp_path: Path) -> None:
    path = tmp_path / "subs.csv"
    path.write_text("external_org_id,product_code,mrr,currency,start_at\norg-456,pro,-0.00, eur ,2024-01-15\n")
    assert run("import_subscriptions", path)["new"] == 1
    stored = Subscription.objects.get()
    assert (str(stored.mrr), stored.currency) == ("0.0000", "EUR")


def test_a_file_over_the_limit_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_bytes(b"x" * 60_000_000)
    answer = run("import_organizations", path)
    assert "at most 50 MB" in answer["file_error"]["message"]
    assert not ImportBatch.objects.exists()
