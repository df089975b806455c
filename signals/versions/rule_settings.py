"""Thresholds of the rules: a new version at each change, with who and why; a published version never changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from config.backoffice import audit
from config.backoffice.refused import Refused
from signals import rules
from signals.models import RuleVersion
from signals.versions.drafting import differences, reason


def latest(rule: str) -> RuleVersion:
    """The version in force; RuleVersion.DoesNotExist for a rule that nobody installed."""
    return RuleVersion.objects.filter(rule=rule).latest("version")


def publish(
    rule: str,
    thresholds: Mapping[str, Any],
    *,
    is_enabled: bool,
    follows: int,
    why: str,
    actor: Any,
    now: datetime,
) -> RuleVersion:
    """Put thresholds in force as the version after `follows`, the one that was looked at.

    ConfigurationError names the fields that can't be, Refused says who was faster or what is missing.
    """
    stored, why = rules.THRESHOLDS[rule].from_json(thresholds).to_json(), reason(why)
    before = RuleVersion.objects.get(rule=rule, version=follows)
    detail = differences(before.thresholds, stored)
    if is_enabled != before.is_enabled:
        detail["enabled"] = [before.is_enabled, is_enabled]
    if not detail:
        raise Refused("Nothing was changed; these are the numbers in force.")
    try:
        with transaction.atomic():
            version = RuleVersion.objects.create(
                rule=rule,
                version=follows + 1,
                thresholds=stored,
                is_enabled=is_enabled,
                why=why,
                created_by=actor,
                created_at=now,
            )
            audit.record(actor, "rule.published", version, detail={"why": why, **detail}, now=now)
    except IntegrityError as error:
        raise Refused("Somebody published this rule meanwhile, nothing was written. Look at it again.") from error
    return version
