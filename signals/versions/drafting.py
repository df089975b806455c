"""Health models from draft to published: who changed what, why, and never two people at once without noticing.

A draft carries a revision that grows with each change. Whoever saves, publishes or discards names the revision they
looked at; when somebody was faster, nothing is written.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max

from config.backoffice import audit
from config.backoffice.refused import Refused, checked
from config.db import lock
from orgs.models import Organization
from signals.configuration import ConfigurationError
from signals.health import Model
from signals.models import HealthModel

DRAFTS_LOCK = "signals.models"
LONGEST_WHY = 500


def start(based_on: HealthModel, *, actor: Any, now: datetime, segment: str | None = None) -> HealthModel:
    """A draft with the numbers of a version, for its segment or another one."""
    with transaction.atomic():
        lock(DRAFTS_LOCK)
        latest = HealthModel.objects.aggregate(latest=Max("version"))["latest"] or 0
        draft = HealthModel.objects.create(
            version=latest + 1,
            definition=based_on.definition,
            segment=known_segment(based_on.segment if segment is None else segment),
            created_by=actor,
            created_at=now,
            changed_at=now,
        )
        audit.record(actor, "model.drafted", draft, detail={"from": str(based_on)}, now=now)
    return draft


def change(
    draft_id: int, revision: int, numbers: Mapping[str, Any], segment: str, *, actor: Any, now: datetime
) -> HealthModel:
    """Write new numbers into a draft. ConfigurationError names the fields that can't be, Refused who was faster."""
    definition, segment = Model.from_json(numbers).to_json(), known_segment(segment)
    with transaction.atomic():
        before = looked_at(draft_id)
        detail = differences(before.definition, definition) | changed_segment(before.segment, segment)
        if not detail:
            return before
        values = {"definition": definition, "segment": segment, "changed_at": now, "revision": F("revision") + 1}
        draft = move(draft_id, revision, values)
        audit.record(actor, "model.changed", draft, detail=detail, now=now)
    return draft


def publish(draft_id: int, revision: int, why: str, *, actor: Any, now: datetime) -> HealthModel:
    """Put a draft in force; the model it follows retires. The next round scores everybody by it."""
    why = reason(why)
    with transaction.atomic():
        lock(DRAFTS_LOCK)
        draft = looked_at(draft_id)
        followed = HealthModel.objects.in_force().filter(segment=draft.segment)
        detail = {"why": why, "segment": draft.segment, "follows": [str(row) for row in followed]}
        followed.update(state=HealthModel.State.RETIRED, retired_at=now)
        values = {"state": HealthModel.State.PUBLISHED, "why": why, "published_by": actor, "published_at": now}
        published = move(draft_id, revision, values)
        audit.record(actor, "model.published", published, detail=detail, now=now)
    return published


def discard(draft_id: int, revision: int, *, actor: Any, now: datetime) -> None:
    """Throw a draft away."""
    with transaction.atomic():
        draft = move(draft_id, revision, {"revision": F("revision") + 1})
        audit.record(actor, "model.discarded", draft, now=now)
        draft.delete()


def retire(model_id: int, why: str, *, actor: Any, now: datetime) -> HealthModel:
    """Take the model of a segment out of force: its organizations are scored by the default again."""
    why = reason(why)
    with transaction.atomic():
        own = HealthModel.objects.in_force().exclude(segment="").filter(pk=model_id)
        if not own.update(state=HealthModel.State.RETIRED, retired_at=now):
            raise Refused("Only the model of a segment that is in force can be retired. Publish a new default instead.")
        model = HealthModel.objects.get(pk=model_id)
        audit.record(actor, "model.retired", model, detail={"why": why, "segment": model.segment}, now=now)
    return model


def move(draft_id: int, revision: int, values: Mapping[str, Any]) -> HealthModel:
    """Write to the draft if it is as it was looked at; else Refused with what happened to it."""
    if HealthModel.objects.drafts().filter(pk=draft_id, revision=revision).update(**values):
        return HealthModel.objects.get(pk=draft_id)
    current = looked_at(draft_id)
    if current.state != HealthModel.State.DRAFT:
        raise Refused(f"{current} is {current.state} and never changes. Start a new draft from it.")
    raise Refused("Somebody changed this draft meanwhile, nothing was written. Look at it again, then repeat yours.")


def looked_at(model_id: int) -> HealthModel:
    """The row; Refused when it is gone."""
    row = HealthModel.objects.filter(pk=model_id).first()
    if row is None:
        raise Refused("Somebody discarded this draft meanwhile. Start a new one.")
    return row


def reason(why: str) -> str:
    return checked(why, LONGEST_WHY, what="The reason", missing="Say why: whoever sees a score move reads it.")


def known_segment(segment: str) -> str:
    """Empty, or a segment that some organization has; ConfigurationError otherwise."""
    if segment and not Organization.objects.filter(segment=segment).exists():
        raise ConfigurationError({"segment": f"“{segment}” is no customer's segment; choose one of the list."})
    return segment


def changed_segment(before: str, after: str) -> dict[str, list[str]]:
    return {} if before == after else {"segment": [before, after]}


def differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> dict[str, list[Any]]:
    """What differs between two stored configurations: `{"trend.weight": ["20", "25"]}`."""
    found: dict[str, list[Any]] = {}
    for name in after:
        old, new = before.get(name), after[name]
        if isinstance(new, Mapping):
            found |= differences(old or {}, new, f"{path}{name}.")
        elif old != new:
            found[f"{path}{name}"] = [old, new]
    return found
