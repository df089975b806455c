"""What changed between two readings: by component, with the model's part apart from behaviour.

When model or variant differ, the old evidence is read again under the new ones. The difference that makes is
the model's line; what is left, component by component, is what the customer did differently.
"""

from dataclasses import dataclass
from decimal import Decimal

from signals import wording
from signals.health.model import Model
from signals.health.reading import CapLine, Reading
from signals.health.scoring import read

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class ChangeLine:
    """One part of the difference, in points of the score, with its facts then and now."""

    key: str
    title: str
    difference: Decimal
    words: str


@dataclass(frozen=True)
class Comparison:
    """The lines add up to `difference` exactly. Without a score on both days: None and no lines."""

    before: Decimal | None
    now: Decimal | None
    difference: Decimal | None
    behaviour: tuple[ChangeLine, ...] = ()
    model: ChangeLine | None = None

    @property
    def lines(self) -> tuple[ChangeLine, ...]:
        return self.behaviour if self.model is None else (*self.behaviour, self.model)


def compare(old: Reading, new: Reading) -> Comparison:
    """Explain the way from `old` to `new` (7, 28 or 90 days later)."""
    if old.score is None or new.score is None:
        return Comparison(old.score, new.score, None)
    title = model_title(old, new)
    same = old.model == new.model and old.onboarding == new.onboarding
    base = old if same else read(old.evidence, new.model, onboarding=new.onboarding)
    return Comparison(
        old.score,
        new.score,
        new.score - old.score,
        behaviour=(*component_lines(base, new), *cap_lines(base, new)),
        model=None if same else ChangeLine("model", title, base.total - old.score, "same facts"),
    )


def component_lines(base: Reading, new: Reading) -> list[ChangeLine]:
    lines = []
    for now in new.components:
        then = base.component(now.key)
        words = now.fact if then.fact == now.fact else f"{then.fact} → {now.fact}"
        lines.append(ChangeLine(now.key, now.title, now.contribution - then.contribution, words))
    return lines


def cap_lines(base: Reading, new: Reading) -> list[ChangeLine]:
    """One line per cap that holds on either day: a cap that ended gives back what it took."""
    then, now = {line.key: line for line in base.caps}, {line.key: line for line in new.caps}
    return [cap_line(then.get(key), now.get(key)) for key in sorted({*then, *now})]


def cap_line(then: CapLine | None, now: CapLine | None) -> ChangeLine:
    known = now or then
    if known is None:
        raise ValueError("A cap line needs a cap on one of the two days.")
    taken_then = NOTHING if then is None else then.taken
    taken_now = NOTHING if now is None else now.taken
    limit = f"at most {wording.plain(known.at_most)}"
    words = f"{limit}: {known.words}" if now else f"no longer {limit}"
    return ChangeLine(f"cap:{known.key}", known.title, taken_now - taken_then, words)


def model_title(old: Reading, new: Reading) -> str:
    then, now = name(old.model, old.onboarding), name(new.model, new.onboarding)
    return f"Model {then} → {now}"


def name(model: Model, onboarding: bool) -> str:
    return f"{model.label} (onboarding)" if onboarding else model.label
