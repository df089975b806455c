"""Health: a score from 0 to 100 of one organization on one day, that explains itself.

`score(evidence, model)` is a pure function; 100 is always good.
"""

from signals.health.changes import ChangeLine, Comparison, compare
from signals.health.model import DEFAULT_MODEL, Band, ComponentRule, Model
from signals.health.reading import CapLine, ComponentReading, Reading
from signals.health.scoring import score

__all__ = [
    "DEFAULT_MODEL",
    "Band",
    "CapLine",
    "ChangeLine",
    "Comparison",
    "ComponentReading",
    "ComponentRule",
    "Model",
    "Reading",
    "compare",
    "score",
]
