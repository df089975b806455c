"""Which numbers are in force: the published health models, and the latest thresholds of every rule."""

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
DEFAULT = ""


@dataclass(frozen=True)
class Version:
    """One version of the health model: its id, and its numbers."""

    id: int
    number: int
    model: Model


@dataclass(frozen=True)
class InForce:
    """The health models that organizations are scored by: one a segment, and the default under an empty segment."""

    versions: Mapping[str, Version]

    def of(self, segment: str) -> Version:
        """The model of a segment; the default where it has none of its own."""
        return self.versions.get(segment) or self.versions[DEFAULT]

    def replaced(self, segment: str, version: Version) -> "InForce":
        """As it would be with another model for a segment."""
        return InForce({**self.versions, segment: version})

    @property
    def mark(self) -> str:
        """Equal for equal models: what a round compares to know whether everybody has to be scored anew."""
        return "\n".join(f"{version.number} {segment}" for segment, version in sorted(self.versions.items()))


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
            RuleVersion(rule=key, version=1, thresholds=kind().to_json(), why=FIRST, created_at=now)
            for key, kind in rules.THRESHOLDS.items()
        ],
        ignore_conflicts=True,
    )


def after_migrate(**_: Any) -> None:
    """Install once this app's tables stand; `migrate orgs` alone comes by here too."""
    wanted = {HealthModel._meta.db_table, RuleVersion._meta.db_table}
    if wanted <= set(connection.introspection.table_names()):
        install(timezone.now())


def in_force() -> InForce:
    """The published models; a KeyError later on when nobody ran the migrations."""
    return InForce({row.segment: version_of(row) for row in HealthModel.objects.in_force()})


def version_of(row: HealthModel) -> Version:
    return Version(row.pk, row.version, model_of(row))


def model_of(row: HealthModel) -> Model:
    """The numbers of a version, labelled with it (`v3`)."""
    return replace(Model.from_json(row.definition), label=f"v{row.version}")


def rule_book() -> RuleBook:
    """The latest version of every rule; a rule without one goes by its defaults as version 1."""
    latest = {row.rule: row for row in RuleVersion.objects.order_by("rule", "-version").distinct("rule")}
    known = {key: kind for key, kind in rules.THRESHOLDS.items() if key in latest}
    return RuleBook(
        thresholds={key: kind.from_json(latest[key].thresholds) for key, kind in known.items()},
        versions={key: latest[key].version for key in known},
        off=frozenset(key for key in known if not latest[key].is_enabled),
    )
