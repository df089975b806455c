"""Addresses that PostHog's clients have built in; all stand at the root."""

from django.urls import re_path

from tracker.api.clients import PosthogResultsView, PosthogView
from tracker.api.quiet import DiscardView, FlagsView, RemoteConfigScriptView, RemoteConfigView, SurveysView

# With and without the slash, see tracker/api/urls.py.
urlpatterns = [
    re_path(r"^batch/?$", PosthogView.as_view(), name="receive_posthog"),
    re_path(r"^(?:e|i/v0/e|capture|track)/?$", PosthogView.as_view(schema=None)),
    re_path(r"^i/v1/analytics/events/?$", PosthogResultsView.as_view(), name="receive_posthog_v1"),
    re_path(r"^(?:flags|decide)/?$", FlagsView.as_view()),
    re_path(r"^s/?$", DiscardView.as_view()),
    re_path(r"^api/surveys/?$", SurveysView.as_view()),
    re_path(r"^array/(?P<key>[^/]+)/config/?$", RemoteConfigView.as_view()),
    re_path(r"^array/(?P<key>[^/]+)/config\.js$", RemoteConfigScriptView.as_view()),
]
