import io
import json

import pytest
from django.core.management import call_command

from tracker.models import Application

pytestmark = pytest.mark.django_db


def test_the_answer_names_the_application_and_shows_its_keys_once():
    out = io.StringIO()
    call_command(
        "create_application", "Shop", "--organization-from", "groups,property:company,distinct_id", "--json", stdout=out
    )
    answer = json.loads(out.getvalue())
    application = Application.objects.get()
    assert answer["uuid"] == str(application.uuid)
    assert answer["secret"]
    assert answer["write_key"]
    assert application.organization_from == ["groups", "property:company", "distinct_id"]
