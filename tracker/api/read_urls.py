from django.urls import path, re_path

from tracker.api import insight_shapes, insights, kept_insights
from tracker.api.events import EventsView

urlpatterns = [
    path("events/", EventsView.as_view(), name="events_read"),
    path("insights/", kept_insights.KeptInsightsView.as_view(), name="insights_kept"),
    path("insights/<int:insight_id>/", kept_insights.KeptInsightView.as_view(), name="insight_kept"),
    path("insights/<int:insight_id>/answer/", kept_insights.KeptAnswerView.as_view(), name="insight_answer"),
    path("insights/query/", insights.QueryView.as_view(), name="insights_query"),
    path("insights/funnel/", insight_shapes.FunnelView.as_view(), name="insights_funnel"),
    path("insights/retention/", insight_shapes.RetentionView.as_view(), name="insights_retention"),
    path("insights/lifecycle/", insight_shapes.LifecycleView.as_view(), name="insights_lifecycle"),
    re_path(r"^insights/query/(?P<query_id>[0-9a-zA-Z-]{8,36})/$", insights.RunningView.as_view(), name="insight_run"),
]
