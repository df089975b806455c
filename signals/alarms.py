"""How often each rule cried wolf: what people dismissed as a false alarm, of everything it found."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Count, Q

from signals.models import Signal
from signals.numbers import rounded


@dataclass(frozen=True)
class FalseAlarms:
    """Signals a rule opened, those still live, those that people called false alarms; `share` of all that ended."""

    found: int
    live: int
    false: int

    @property
    def share(self) -> Decimal | None:
        """None while no signal has ended: nobody has judged any."""
        ended = self.found - self.live
        return rounded(Fraction(self.false, ended), 4) if ended else None


def false_alarms() -> dict[str, FalseAlarms]:
    """By rule; a rule that never found anything is absent."""
    counted = (
        Signal.objects.order_by("type")
        .values_list("type")
        .annotate(
            found=Count("pk"),
            live=Count("pk", filter=Q(state__in=["open", "snoozed"])),
            false=Count("pk", filter=Q(is_false_alarm=True)),
        )
    )
    return {rule: FalseAlarms(found, live, false) for rule, found, live, false in counted}
