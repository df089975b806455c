from django.urls import re_path

from tracker.api.views import BatchView, EventView

# With and without the slash: a redirect would turn a client's POST into an empty GET that it takes for success.
urlpatterns = [
    re_path(r"^events/?$", EventView.as_view(), name="receive_event"),
    re_path(r"^events/batch/?$", BatchView.as_view(), name="receive_batch"),
]
