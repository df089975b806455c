"""Rounds beside an undo that removes organizations: whoever comes second waits, and neither breaks the other."""

import threading
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from config.backoffice import audit
from orgs.importing import batches, options, undo
from orgs.models import Organization, OrganizationSnapshot, OrganizationTouch
from signals import churn, detection, handling, rounds, scoring, snapshots
from signals.detection import Scan
from signals.lifecycle import Action
from signals.models import Churn, Reading, Signal
from signals.rounds import Scored
from tests.signals.world import NOW, TODAY, healthy, silent

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
WAITING = (
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = %s)"
)


class Undo:
    """An undo on a connection of its own, begun while somebody else is in the middle of something."""

    def __init__(self) -> None:
        content = b"external_org_id,display_name\nmade,Made by an import\n"
        self.batch = batches.receive(
            "organizations", file_name="o.csv", content=content, options=options.choose(NOW), user=None, now=NOW
        )
        batches.preview(self.batch)
        batches.confirm(self.batch.pk, user=None, fingerprint=self.batch.fingerprint, now=NOW)
        self.thread = threading.Thread(target=self.run)
        self.told: undo.Undone | Exception | None = None

    def run(self) -> None:
        try:
            self.told = undo.undo(self.batch.pk, user=None, now=NOW)
        except Exception as error:
            self.told = error
        finally:
            connection.close()

    def begin(self) -> None:
        """Come back when it is through or waits for the caller."""
        self.thread.start()
        until = time.monotonic() + 20
        with connection.cursor() as cursor:
            while self.thread.is_alive() and time.monotonic() < until:
                cursor.execute(WAITING, [connection.settings_dict["NAME"]])
                if cursor.fetchone()[0]:
                    return
                time.sleep(0.02)

    def ends(self) -> tuple[int, int]:
        """Rows deleted and kept; its error is raised here."""
        self.thread.join(30)
        if isinstance(self.told, Exception):
            raise self.told
        return self.told.deleted, len(self.told.kept)


def in_the_middle(monkeypatch, module, name: str) -> Undo:
    """An undo that begins right after `module.name` has answered for the first time."""
    beside, real = Undo(), getattr(module, name)

    def then_begin(*given, **named):
        answer = real(*given, **named)
        if beside.thread.ident is None:
            beside.begin()
        return answer

    monkeypatch.setattr(module, name, then_begin)
    return beside


def test_scoring_everybody(monkeypatch):
    healthy()
    beside = in_the_middle(monkeypatch, scoring, "evidence")
    assert rounds.score_round(NOW) == Scored(2, True)
    assert beside.ends() == (1, 0)
    assert list(Reading.objects.values_list("organization__external_id", "as_of")) == [("well", TODAY)]


def test_a_scan(monkeypatch):
    silent()
    beside = in_the_middle(monkeypatch, detection, "decide_all")
    made = Organization.objects.get(external_id="made")
    Signal.objects.create(
        organization=made, type="usage_drop", scans_not_true=1, opened_at=NOW - HOUR, changed_at=NOW - HOUR
    )
    rounds.score_round(NOW)
    assert detection.scan(TODAY, NOW, NOW) == Scan(organizations=2, opened=2, woken=0, resolved=1)
    assert beside.ends() == (1, 0)
    assert set(Signal.objects.values_list("organization__external_id", "state")) == {("gone", "open")}


def test_refreshing_who_was_touched(monkeypatch):
    beside = in_the_middle(monkeypatch, snapshots, "score")
    assert set(OrganizationTouch.objects.values_list("organization__external_id", flat=True)) == {"made"}
    assert snapshots.refresh_touched(NOW) == 1
    assert beside.ends() == (1, 0)
    assert (Organization.objects.count(), OrganizationSnapshot.objects.count()) == (0, 0)


def test_the_churn_log(monkeypatch):
    """The books still knew somebody whose subscriptions another undo has taken away meanwhile."""
    monkeypatch.setattr(churn, "losses", lambda *_: {(Organization.objects.get().pk, TODAY): Decimal(5)})
    beside = in_the_middle(monkeypatch, churn, "losses")
    assert churn.keep_up(NOW).found == 1
    assert beside.ends() == (1, 0)
    assert Churn.objects.count() == 0


def test_a_person_who_is_writing_a_reason(monkeypatch):
    beside = in_the_middle(monkeypatch, handling, "move")
    made = Organization.objects.get()
    signal = Signal.objects.create(organization=made, type="usage_drop", opened_at=NOW - HOUR, changed_at=NOW - HOUR)
    handling.act(signal.pk, Action.DISMISS, actor=None, now=NOW, reason="Seasonal")
    assert beside.ends() == (0, 1)
    assert Signal.objects.get().reason == "Seasonal"


def test_a_person_who_explains_a_departure(monkeypatch):
    beside = in_the_middle(monkeypatch, audit, "record")
    row = Churn.objects.create(organization=Organization.objects.get(), churned_on=TODAY, mrr=5, found_at=NOW)
    churn.explain(row.pk, ["price"], comment="", actor=None, now=NOW)
    assert beside.ends() == (0, 1)
    assert Churn.objects.get().reasons == ["price"]


def test_a_removal_that_was_first_is_over_before_anybody_is_read(monkeypatch):
    healthy()
    batch = Undo().batch
    real, begun, scored = undo.batches.touch_existing, threading.Event(), []

    def later(*given):
        begun.set()
        time.sleep(0.3)
        return real(*given)

    def score() -> None:
        begun.wait(20)
        try:
            scored.append(rounds.score_round(NOW))
        except Exception as error:
            scored.append(error)
        finally:
            connection.close()

    monkeypatch.setattr(undo.batches, "touch_existing", later)
    thread = threading.Thread(target=score)
    thread.start()
    assert undo.undo(batch.pk, user=None, now=NOW).deleted == 1
    thread.join(30)
    assert scored == [Scored(1, True)]
