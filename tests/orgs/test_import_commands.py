"""Each import command takes the choices that mean something for its file and refuses all others."""

import re

import pytest
from django.core.management import CommandError, call_command, load_command_class

from orgs.models import ImportBatch, Organization

CHOICES = {
    "date-format": {"import_organizations", "import_rates", "import_subscriptions"},
    "create-missing": {"import_subscriptions"},
    "known-on": {"import_subscriptions"},
    "complete": {"import_subscriptions"},
    "end-convention": {"import_subscriptions"},
    "cohort": {"import_cohort"},
}
COMMANDS = {
    "import_organizations": "orgs",
    "import_cohort": "orgs",
    "import_rates": "revenue",
    "import_subscriptions": "revenue",
}


@pytest.mark.parametrize(("command", "app"), COMMANDS.items())
def test_help_lists_what_means_something(command, app):
    listed = load_command_class(app, command).create_parser("manage.py", command).format_help()
    offered = set(re.findall(r"--([a-z-]+)", listed))
    assert offered & set(CHOICES) == {choice for choice, commands in CHOICES.items() if command in commands}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("import_rates", "--cohort=Pilot"),
        ("import_rates", "--create-missing"),
        ("import_rates", "--end-convention=inclusive"),
        ("import_organizations", "--known-on=2026-01-01"),
        ("import_subscriptions", "--cohort=Pilot"),
        ("import_cohort", "--complete"),
    ],
)
def test_others_are_refused_and_nothing_is_written(tmp_path, command, option):
    path = tmp_path / "file.csv"
    path.write_text("external_org_id,display_name\norg-1,One\n")
    needed = ["--cohort=Pilot"] if command == "import_cohort" else []
    with pytest.raises(CommandError, match="unrecognized arguments"):
        call_command(command, str(path), *needed, option)
    assert not ImportBatch.objects.exists()
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_a_list_needs_the_cohort_that_it_joins(tmp_path):
    with pytest.raises(CommandError, match="required: --cohort"):
        call_command("import_cohort", str(tmp_path / "file.csv"))
