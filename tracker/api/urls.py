from django.urls import re_path

from tracker.api.clients import SegmentView
from tracker.api.quiet import DiscardView, SegmentSettingsView
from tracker.api.views import BatchView, EventView

SHORT = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch"}
KINDS = {kind: kind for kind in SHORT.values() if kind != "batch"}

# With and without the slash: a redirect would turn a client's POST into an empty GET that it takes for success.
urlpatterns = [
    re_path(r"^events/?$", EventView.as_view(), name="receive_event"),
    re_path(r"^events/batch/?$", BatchView.as_view(), name="receive_batch"),
    re_path(r"^batch/?$", SegmentView.as_view(), name="receive_segment"),
    *(
        re_path(rf"^{path}/?$", SegmentView.as_view(kind=kind, schema=None))
        for path, kind in {**KINDS, **SHORT}.items()
    ),
    re_path(r"^m/?$", DiscardView.as_view()),
    re_path(r"^projects/(?P<key>[^/]+)/settings/?$", SegmentSettingsView.as_view()),
]
