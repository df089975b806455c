"""What the insights query speaks, as JSON Schema."""

from tracker.insights.description import MOST_SERIES, Display, Interval, Math, Of, Operator

TEXT = {"type": "string"}
NUMBER = {"type": ["number", "null"]}
VALUE = {"anyOf": [TEXT, {"type": "number"}, {"type": "boolean"}, {"type": "array"}]}
OF = {**TEXT, "enum": list(Of), "default": "event", "description": "Whose property; the organization's is its current."}
FILTER = {
    "type": "object",
    "properties": {
        "property": TEXT,
        "of": OF,
        "operator": {**TEXT, "enum": list(Operator), "default": "exact"},
        "value": VALUE,
    },
}
GROUP = {
    "type": "object",
    "properties": {"match": {**TEXT, "enum": ["all", "any"]}, "filters": {"type": "array", "items": FILTER}},
}
SERIES = {
    "type": "object",
    "description": "One of event (null: any), feature and page.",
    "properties": {
        "event": {"type": ["string", "null"]},
        "feature": {"anyOf": [TEXT, {"type": "integer"}]},
        "page": TEXT,
        "math": {**TEXT, "enum": list(Math), "default": "total"},
        "property": TEXT,
        "of": OF,
        "filters": {"type": "array", "items": FILTER},
        "label": TEXT,
    },
}
DESCRIPTION = {
    "type": "object",
    "required": ["series"],
    "properties": {
        "series": {"type": "array", "items": SERIES, "minItems": 1, "maxItems": MOST_SERIES},
        "formula": {"type": ["string", "null"], "description": "Letters of series, numbers, + - * / ( ); x/0 is 0."},
        "filters": {"anyOf": [{"type": "array", "items": FILTER}, GROUP]},
        "breakdown": {"type": ["object", "null"], "properties": {"property": TEXT, "of": OF}},
        "interval": {"type": ["string", "null"], "enum": [*Interval, None]},
        "range": {
            "type": ["object", "null"],
            "properties": {"from": TEXT, "to": {"type": ["string", "null"], "description": "The last day included."}},
        },
        "compare": {"type": "boolean", "description": "Also the period before, as `previous`."},
        "display": {**TEXT, "enum": list(Display)},
        "environment": {"type": ["string", "null"], "default": "production"},
        "application": {"type": ["string", "null"], "format": "uuid"},
        "organization": {"type": ["string", "null"], "description": "Any of its ids."},
    },
    "example": {
        "series": [{"event": "purchase", "math": "sum", "property": "purchase_value"}],
        "breakdown": {"property": "plan", "of": "event"},
        "interval": "month",
        "range": {"from": "-3mStart"},
    },
}
LINE = {
    "type": "object",
    "properties": {
        "label": TEXT,
        "breakdown": {"type": ["string", "null"]},
        "breakdown_kind": {"type": ["string", "null"], "enum": ["value", "other", "none", None]},
        "buckets": {"type": "array", "items": TEXT},
        "data": {"type": "array", "items": NUMBER},
        "aggregate": {**NUMBER, "description": "Over the whole range, not the sum of the buckets."},
    },
}
TREND = {
    "type": "object",
    "properties": {
        "series": {"type": "array", "items": LINE},
        "formula": {"anyOf": [LINE, {"type": "null"}]},
        "skipped_values": {"type": "integer", "description": "Values of numeric math that were no numbers."},
        "incomplete_last_bucket": {"type": "boolean"},
        "range": {"type": "object", "properties": {"from": TEXT, "to": TEXT}},
        "sentence": TEXT,
        "notes": {"type": "array", "items": TEXT},
        "previous": {"type": ["object", "null"]},
    },
}
PROGRESS = {
    "type": "object",
    "properties": {"done": {"type": "integer"}, "statements": {"type": "integer"}, "seconds": {"type": "number"}},
}
SHARED = {key: DESCRIPTION["properties"][key] for key in ("range", "environment", "application", "organization")}
INTERVAL = {**TEXT, "enum": ["day", "week", "month"]}
COHORTS_ALONE = {"type": "array", "items": FILTER, "maxItems": 1, "description": "Only the operator `in_cohort`."}
SPAN = {
    "type": "object",
    "required": ["interval"],
    "properties": {"interval": INTERVAL, "filters": COHORTS_ALONE, **SHARED},
}
RETENTION = {
    "type": "object",
    "required": ["interval"],
    "properties": {
        "interval": {**TEXT, "enum": ["week", "month"]},
        "start": {"type": ["string", "null"], "description": "The event that begins; null: any."},
        "back": {"type": ["string", "null"], "description": "The event that counts as coming back; null: any."},
        "filters": COHORTS_ALONE,
        **SHARED,
    },
}
FUNNEL = {
    "type": "object",
    "required": ["steps"],
    "properties": {
        "steps": {"type": "array", "items": SERIES, "minItems": 2, "maxItems": 8},
        "by": {**TEXT, "enum": ["organization", "user"], "default": "organization"},
        "window_days": {"type": "integer", "minimum": 1, "maximum": 365, "default": 14},
        "filters": DESCRIPTION["properties"]["filters"],
        **SHARED,
    },
}
STEPS = {
    "type": "object",
    "properties": {
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "label": TEXT,
                    "count": {"type": "integer"},
                    "of_first": NUMBER,
                    "of_previous": NUMBER,
                },
            },
        }
    },
}
COHORTS = {
    "type": "object",
    "properties": {
        "cohorts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "began": {**TEXT, "format": "date"},
                    "size": {"type": "integer"},
                    "returned": {"type": "array", "items": {"type": "integer"}},
                },
            },
        },
        "incomplete_last_bucket": {"type": "boolean"},
    },
}
STAGES = {
    "type": "object",
    "properties": {
        "stages": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "bucket": {**TEXT, "format": "date"},
                    **{each: {"type": "integer"} for each in ("new", "returning", "resurrecting", "dormant")},
                },
            },
        },
        "incomplete_last_bucket": {"type": "boolean"},
    },
}
SHAPES = [FUNNEL, RETENTION, SPAN]
KEPT_ANSWER = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": TEXT,
        "kind": {**TEXT, "enum": ["trends", "funnel", "retention", "lifecycle"]},
        "version": {"type": "integer"},
        "answer": {"anyOf": [TREND, STEPS, COHORTS, STAGES], "description": "As the door of its kind answers."},
    },
}
