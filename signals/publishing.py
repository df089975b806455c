"""Which numbers are in force: the published health model, and the latest thresholds of every rule."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from signals import rules
from signals.configuration import Configuration
from signals.health import DEFAULT_MODEL, Model
from signals.models import HealthModel, RuleVersion

FIRST = "As delivered."


@dataclass(frozen=True)
class RuleBook:
    """Thresholds and versions in force, by rule; a rule that is switched off is in `off`."""

    thresholds: Mapping[str, Configuration]
    versions: Mapping[str, int]
    off: frozenset[str]


def install(now: datetime) -> None:
    """Version 1 of the model and of every rule, where there is none; what people published stays."""
    HealthModel.objects.bulk_create(
        [
            HealthModel(
                version=1,
                state=HealthModel.State.PUBLISHED,
                definition=DEFAULT_MODEL.to_json(),
                why=FIRST,
                created_at=now,
                published_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    RuleVersion.objects.bulk_create(
        [
            RuleVersion(rule=rule.key, version=1, thresholds=rule.thresholds().to_json(), why=FIRST, created_at=now)
            for rule in rules.RULES
        ],
        ignore_conflicts=True,
    )


def after_migrate(**_: Any) -> None:
    """Install once this app's tables stand; `migrate orgs` alone comes by here too."""
    wanted = {HealthModel._meta.db_table, RuleVersion._meta.db_table}
    if wanted <= set(connection.introspection.table_names()):
        install(timezone.now())


def published() -> HealthModel:
    """The default model in force; HealthModel.DoesNotExist when nobody ran the migrations."""
    return HealthModel.objects.get(state=HealthModel.State.PUBLISHED, segment="")


def model_of(row: HealthModel) -> Model:
    """The numbers of a version, labelled with it (`v3`)."""
    return replace(Model.from_json(row.definition), label=f"v{row.version}")


def rule_book() -> RuleBook:
    """The latest version of every rule; a rule without one goes by its defaults as version 1."""
    latest = {row.rule: row for row in RuleVersion.objects.order_by("rule", "-version").distinct("rule")}
    known = [rule for rule in rules.RULES if rule.key in latest]
    return RuleBook(
        thresholds={rule.key: rule.thresholds.from_json(latest[rule.key].thresholds) for rule in known},
        versions={rule.key: latest[rule.key].version for rule in known},
        off=frozenset(rule.key for rule in known if not latest[rule.key].is_enabled),
    )
