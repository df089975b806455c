"""The rate limit of one application: a token bucket in each web process, off unless the application sets one."""

import threading
import time

_buckets: dict[int, tuple[float, float]] = {}
_lock = threading.Lock()
BURST_SECONDS = 10


def seconds_to_wait(application_id: int, events_per_second: int | None, events: int) -> float:
    """0 when so many events may pass now (they are then counted), else seconds until they may."""
    if not events_per_second:
        return 0.0
    # A batch larger than the whole bucket passes when the bucket is full, else it never could.
    size = float(events_per_second * BURST_SECONDS)
    needed = min(float(events), size)
    with _lock:
        now = time.monotonic()
        tokens, filled_at = _buckets.get(application_id, (size, now))
        tokens = min(size, tokens + (now - filled_at) * events_per_second)
        if tokens < needed:
            _buckets[application_id] = (tokens, now)
            return (needed - tokens) / events_per_second
        _buckets[application_id] = (tokens - events, now)
        return 0.0


def forget() -> None:
    """Start with full buckets."""
    _buckets.clear()
