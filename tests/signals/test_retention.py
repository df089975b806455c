from datetime import timedelta

import pytest

from signals.models import HealthModel, Reading
from signals.retention import thin_out
from tests import factories
from tests.signals.world import NOW, TODAY, days_ago

pytestmark = pytest.mark.django_db


def test_every_day_of_100_then_mondays_of_two_years():
    org, model = factories.organization(), HealthModel.objects.get()
    about = {"organization": org, "band": "not_scored", "coverage": 0, "model": model, "scored_at": NOW}
    Reading.objects.bulk_create(Reading(**about, as_of=days_ago(back)) for back in range(800))
    # 10 March 2026 is a Tuesday; Mondays are 1, 8, 15 … days back.
    kept = {days_ago(back) for back in range(800) if back <= 100 or (back <= 730 and back % 7 == 1)}
    assert thin_out(TODAY) == 800 - len(kept)
    assert set(Reading.objects.values_list("as_of", flat=True)) == kept
    assert thin_out(TODAY) == 0
    assert days_ago(106) in kept
    assert thin_out(TODAY + timedelta(days=1)) == 1
