from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config.backoffice import health, metrics
from config.backoffice.api_views import JobsView
from orgs.api.imports import ImportList

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/", permanent=False)),
    path("admin/", admin.site.urls),
    path("healthz", health.process),
    path("readyz", health.ready),
    path("healthz/jobs", health.jobs),
    path("metrics", metrics.page),
    path("v1/", include("tracker.api.urls")),
    path("", include("tracker.api.posthog_urls")),
    path("api/v1/", include("tracker.api.read_urls")),
    path("api/v1/", include("orgs.api.urls")),
    path("api/v1/", include("revenue.api.urls")),
    path("api/v1/", include("signals.api.urls")),
    path("api/v1/imports/", ImportList.as_view(), name="imports"),
    path("api/v1/jobs/", JobsView.as_view(), name="jobs"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]
handler400 = "config.backoffice.failures.bad_request"
handler403 = "config.backoffice.failures.forbidden"
handler404 = "config.backoffice.failures.not_found"
handler500 = "config.backoffice.failures.failed"
