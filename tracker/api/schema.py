"""What the ingest speaks, as JSON Schema."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension

TEXT = {"type": "string"}
EVENT = {
    "type": "object",
    "required": ["event", "user_hash", "customer_org_id"],
    "properties": {
        "event": {**TEXT, "minLength": 1, "maxLength": 255},
        "user_hash": {**TEXT, "pattern": "^[0-9a-fA-F]{64}$"},
        "customer_org_id": {"oneOf": [{**TEXT, "minLength": 1, "maxLength": 255}, {"type": "integer"}]},
        "path": {**TEXT, "pattern": "^/", "maxLength": 2048},
        "session_id": {**TEXT, "format": "uuid"},
        "plan": {**TEXT, "maxLength": 64},
        "environment": {**TEXT, "maxLength": 32, "default": "production"},
        "ts_epoch": {"type": "integer", "minimum": 0, "description": "Unix seconds, at most one year ahead."},
        "properties": {"type": "object", "maxProperties": 256},
        "event_id": {**TEXT, "maxLength": 200, "description": "Idempotency key: sent again it is one event."},
    },
    "example": {
        "event": "report_opened",
        "user_hash": "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        "customer_org_id": "org_456",
        "path": "/reports",
    },
}
BATCH = {
    "oneOf": [
        {"type": "array", "items": EVENT, "maxItems": 10_000},
        {"type": "object", "required": ["events"], "properties": {"events": {"type": "array", "items": EVENT}}},
    ]
}
ACCEPTED = {
    "type": "object",
    "properties": {"status": {**TEXT, "enum": ["accepted", "duplicate"]}, "id": {"type": "integer"}},
}
RECEIPT = {
    "type": "object",
    "properties": {
        "accepted": {"type": "integer"},
        "duplicates": {"type": "integer"},
        "rejected": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"index": {"type": "integer"}, "code": TEXT, "field": TEXT, "message": TEXT},
            },
        },
    },
}
POSTHOG = {
    "type": "object",
    "properties": {
        "api_key": {**TEXT, "description": "Write key; `token` is the same thing."},
        "sent_at": {**TEXT, "format": "date-time"},
        "batch": {
            "type": "array",
            "maxItems": 10_000,
            "items": {
                "type": "object",
                "required": ["event", "distinct_id"],
                "properties": {
                    "event": TEXT,
                    "distinct_id": TEXT,
                    "uuid": {**TEXT, "description": "Idempotency key: sent again it is one event."},
                    "timestamp": {**TEXT, "format": "date-time"},
                    "properties": {"type": "object"},
                },
            },
        },
    },
}
POSTHOG_STATUS = {"type": "object", "properties": {"status": {"type": "integer", "enum": [1]}}}
POSTHOG_RESULTS = {
    "type": "object",
    "properties": {
        "results": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"result": {**TEXT, "enum": ["ok", "warning", "drop", "retry"]}, "details": TEXT},
            },
        }
    },
}
SEGMENT = {
    "type": "object",
    "properties": {
        "writeKey": {**TEXT, "description": "Unless it is the user name of Basic authentication."},
        "sentAt": {**TEXT, "format": "date-time"},
        "batch": {
            "type": "array",
            "maxItems": 10_000,
            "items": {
                "type": "object",
                "required": ["type"],
                "properties": {
                    "type": {**TEXT, "enum": ["track", "identify", "page", "screen", "group", "alias"]},
                    "messageId": {**TEXT, "description": "Idempotency key: sent again it is one event."},
                    "userId": TEXT,
                    "anonymousId": TEXT,
                    "event": TEXT,
                    "groupId": TEXT,
                    "timestamp": {**TEXT, "format": "date-time"},
                    "properties": {"type": "object"},
                    "traits": {"type": "object"},
                    "context": {"type": "object"},
                },
            },
        },
    },
}
SEGMENT_SUCCESS = {"type": "object", "properties": {"success": {"type": "boolean"}}}
ERROR = {"type": "object", "properties": {"code": TEXT, "message": TEXT, "detail": TEXT, "field": TEXT}}


class SignatureScheme(OpenApiAuthenticationExtension):
    target_class = "tracker.api.transport.SignedAuthentication"
    name = "signature"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "x-signature"}
